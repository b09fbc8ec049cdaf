"""The only place that knows ragas: its measures that need no model, and those that a model judges.

The lexical ones are taken of every answer. A judge is any OpenAI-compatible endpoint on this machine or its network
(Es et al. 2023, "RAGAS"); a small model judges badly, so its marks stand beside the others and decide nothing.
"""

import asyncio
import ipaddress
import math
import os
import socket
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from clinical.errors import Refused
from trainer.measures import Measure


def lexical(text: str, reference: str) -> dict[str, Measure]:
    """How alike a text and its reference are, by edits and by runs of letters (chrF); two empty texts agree."""
    if not text.strip() or not reference.strip():
        same = float(not text.strip() and not reference.strip())
        return {"ragas_similarity": (same, 1.0), "ragas_chrf": (same, 1.0)}
    similarity, chrf = _lexical()
    wanted = {"reference": reference, "response": text}
    return {
        "ragas_similarity": (float(asyncio.run(similarity.ascore(**wanted)).value), 1.0),
        "ragas_chrf": (float(asyncio.run(chrf.ascore(**wanted)).value), 1.0),
    }


class Judge:
    """A model that says how faithful an answer is to its reports.

    Args:
        url: base address of an OpenAI-compatible server, such as ``http://127.0.0.1:8080/v1``.
        key: its key, if it asks for one; model: the name it goes by there.

    Raises:
        Refused: the server is neither on this machine nor on a private network.
    """

    def __init__(self, url: str, key: str = "", model: str = "local") -> None:
        if not near(url):
            raise Refused(
                "The judge is neither on this machine nor on a private network.",
                "Reports never leave the practice: give a local address.",
            )
        ragas = _ragas()
        import instructor
        from openai import AsyncOpenAI

        client = AsyncOpenAI(base_url=url, api_key=key or "none", timeout=300, max_retries=0)
        bound = instructor.from_openai(client, mode=instructor.Mode.JSON_SCHEMA)
        llm = ragas.llms.base.InstructorLLM(client=bound, model=model, provider="openai")
        self._faithfulness = ragas.metrics.collections.Faithfulness(llm=llm)
        self._loop = asyncio.new_event_loop()

    def measures(self, question: str, text: str, reports: Sequence[str]) -> dict[str, Measure]:
        """Share of the answer's statements that the judge finds in the reports; nothing where it gives no verdict."""
        if not text.strip():
            return {}
        asked = self._faithfulness.ascore(
            user_input=question, response=text, retrieved_contexts=list(reports)
        )
        try:
            value = float(self._loop.run_until_complete(asked).value)
        except Exception:  # a judge that breaks its schema raises what instructor likes
            return {"judge_failed": (1.0, 1.0)}
        if math.isnan(value):
            return {"judge_failed": (1.0, 1.0)}
        return {"ragas_faithfulness": (value, 1.0), "judge_failed": (0.0, 1.0)}

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.close()


def near(url: str) -> bool:
    """Whether an address is of this machine or of a private network."""
    host = urlsplit(url).hostname
    if host is None:
        return False
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(address.split("%")[0]).is_private for address in found)


@cache
def _lexical() -> tuple[Any, Any]:
    collections = _ragas().metrics.collections
    return collections.NonLLMStringSimilarity(), collections.CHRFScore()


@cache
def _ragas() -> Any:
    """ragas, which sends usage statistics unless it is told not to before it is imported. Slow to import."""
    os.environ["RAGAS_DO_NOT_TRACK"] = "true"
    import ragas
    import ragas.llms.base
    import ragas.metrics.collections

    return ragas
