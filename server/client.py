"""Talks to an engine: schema-bound answers, tokens, log-probabilities. No prompt text in any error.

The engine is local or on the practice's network, so no proxy of the environment is used.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import httpx

from clinical.errors import EngineError
from clinical.prompts import Prompt
from server.engine import Engine

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 300.0
FORCE = 1000.0


class EngineClient:
    """One engine's client; safe to use from several threads.

    Args:
        url: base address of the engine, without ``/v1``.
        key: its bearer key, "" for none.
        timeout: seconds that one answer may take.
        model: name sent as ``model``; llama.cpp ignores it, other servers need it.
        cache: reuse the prompt of earlier requests. Off where replies must not depend on earlier ones,
            as in an evaluation: the reused part is computed in other batches, which can tip a close decision.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = ANSWER_SECONDS,
        model: str | None = None,
        cache: bool = True,
    ) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            trust_env=False,
        )
        self._model = model
        self._cache = cache
        self._plain_token: int | None = None

    @classmethod
    def of(cls, engine: Engine, *, timeout: float = ANSWER_SECONDS, cache: bool = True) -> "EngineClient":
        """The client of a started engine."""
        client = cls(engine.url, engine.key, timeout=timeout, cache=cache)
        if engine.pid is None:
            client._model = client._first_model()
        return client

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def generate(self, prompt: Prompt) -> str:
        """The reply to a prompt, bound to its schema, always the likeliest words.

        Raises:
            EngineError: no engine, no time, or a report longer than the context.
        """
        return str(self.complete(prompt)["choices"][0]["message"]["content"] or "")

    def sample(self, prompt: Prompt, *, temperature: float, seed: int) -> str:
        """As ``generate``, but words drawn at random: other drafts of the same answer, to learn preferences from."""
        return str(self.complete(prompt, temperature, seed)["choices"][0]["message"]["content"] or "")

    def complete(self, prompt: Prompt, temperature: float = 0.0, seed: int = 0) -> dict[str, Any]:
        """As ``generate``, but the engine's whole reply, with its ``usage`` and ``timings``."""
        body: dict[str, object] = {
            "messages": [dict(message) for message in prompt.messages],
            "max_tokens": prompt.max_tokens,
            "temperature": temperature,
            "seed": seed,
            "cache_prompt": self._cache,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": dict(prompt.schema)},
            },
        }
        if self._model is not None:
            body = {k: v for k, v in body.items() if k != "cache_prompt"} | {"model": self._model}
        reply = self._post("/v1/chat/completions", body)
        if not reply.get("choices"):
            raise EngineError("The engine's reply has no answer.", "Run `resident doctor`.")
        return reply

    def write(self, text: str, tokens: int = 64) -> str:
        """What the model writes after ``text`` as it stands, without a chat template; the likeliest words."""
        body = {"prompt": text, "n_predict": tokens, "temperature": 0, "seed": 0, "cache_prompt": True}
        return str(self._post("/completion", body)["content"])

    def tokenize(self, text: str, *, special: bool = False, begin: bool = False) -> tuple[int, ...]:
        """Token ids of ``text``; with ``special`` control tokens such as turn markers are recognised.

        Args:
            begin: put the beginning token in front, where the model has one, as for a prompt that is answered.
        """
        reply = self._post("/tokenize", {"content": text, "add_special": begin, "parse_special": special})
        return tuple(int(token) for token in reply["tokens"])

    def apply_template(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The text that the model reads for these messages, up to where its answer starts."""
        return str(self._post("/apply-template", {"messages": [dict(m) for m in messages]})["prompt"])

    def logprobs(self, prompt: str, completion: str) -> tuple[float, ...]:
        """Natural log-probability of each token of ``completion`` after ``prompt``, as the model reads them.

        The engine scores only what it writes, so it is made to write each token by a bias; the values are
        those before the bias. One short request a token: the prompt stays in the engine's cache.
        """
        context = list(self.tokenize(prompt, special=True, begin=True))
        scored: list[float] = []
        for token in self.tokenize(completion):
            body = {"prompt": context, "n_predict": 1, "temperature": 0, "n_probs": 1, "cache_prompt": True}
            reply = self._post("/completion", body | {"logit_bias": [[token, FORCE]]})
            seen = reply["completion_probabilities"][0]
            if seen["id"] != token:
                raise EngineError("The engine cannot score a given text.", "Score with the embedded engine.")
            scored.append(float(seen["logprob"]))
            context.append(token)
        return tuple(scored)

    def likeliest(self, tokens: Sequence[int], count: int = 64) -> dict[int, float]:
        """Natural log-probabilities of the likeliest next tokens after ``tokens``.

        The engine gives none where what it writes is the end or a part of a letter, so it is made to write a plain
        one by a bias; the values are those before the bias.
        """
        body = {
            "prompt": list(tokens),
            "n_predict": 1,
            "temperature": 0,
            "n_probs": count,
            "cache_prompt": True,
            "logit_bias": [[self._plain(), FORCE]],
        }
        reply = self._post("/completion", body)
        places = reply["completion_probabilities"][0]["top_logprobs"]
        return {int(place["id"]): float(place["logprob"]) for place in places}

    def _plain(self) -> int:
        if self._plain_token is None:
            self._plain_token = self.tokenize("a")[-1]
        return self._plain_token

    def _first_model(self) -> str | None:
        try:
            return str(self._http.get("/v1/models").raise_for_status().json()["data"][0]["id"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            raise EngineError("The engine lists no model.", "Load one in that server.") from None

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        try:
            reply = self._http.post(path, json=body)
        except httpx.TimeoutException:
            raise EngineError("The engine did not answer in time.", "Try again, or ask for less.") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise EngineError("The engine does not answer.", "Start it: `resident up`.") from None
        if reply.status_code != 200:
            raise _refusal(reply)
        try:
            return cast(dict[str, Any], json.loads(reply.content))
        except ValueError:
            raise EngineError("The engine's reply is not JSON.", "Run `resident doctor`.") from None


def _refusal(reply: httpx.Response) -> EngineError:
    """What a status other than 200 means; the body may quote the prompt, so only its type is read."""
    kind = ""
    try:
        error = reply.json().get("error")
        kind = str(error.get("type", "")) if isinstance(error, dict) else ""
    except (ValueError, AttributeError):
        pass
    if kind == "exceed_context_size_error":
        return EngineError(
            "The report is longer than the engine's context.", "Raise `engine.context` in config.toml."
        )
    if reply.status_code in (401, 403):
        return EngineError("The engine refuses its key.", "Restart it: `resident up`.")
    if reply.status_code == 503:
        return EngineError("The engine is still loading the model.", "Try again in a moment.")
    return EngineError(
        f"The engine refused the request (status {reply.status_code}).", "Run `resident doctor`."
    )
