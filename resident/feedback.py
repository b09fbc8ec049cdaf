"""``resident feedback``: a physician confirms, outside the chat, what was corrected in it."""

from argparse import Namespace

from clinical.errors import Refused, SettingsError
from practice.feedback import FeedbackBook
from resident.setup import open_practice


def run(options: Namespace) -> int:
    """Lists, confirms or dismisses corrections."""
    with open_practice(options.practice_home) as practice:
        book = FeedbackBook(practice.store)
        if options.action == "list":
            for item in book.pending():
                print(f"{item.id}  {item.tool} on {item.report_id}: {item.verdict}, {item.given_at[:16]}")
                print(f"    was: {item.draft}")
                if item.final:
                    print(f"    now: {item.final}")
            return 0
        if not options.id:
            raise SettingsError("Which correction?", "Give its id; 'resident feedback list' shows them.")
        if options.action == "reject":
            book.dismiss(options.id)
            print(f"{options.id} will not train")
            return 0
        physician = practice.settings.physician(options.by)
        if physician is None:
            raise Refused(
                "Only one of the practice's physicians may confirm.", 'Add --by "Name" as in config.toml.'
            )
        book.confirm(options.id, physician.name)
        print(f"{options.id} is confirmed and may train")
    return 0
