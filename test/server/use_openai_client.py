"""Uses a server with the official client for Python, as its users do, and prints what came as JSON.

    python use_openai_client.py http://127.0.0.1:8080/v1 <model>
"""

import asyncio
import json
import sys

import openai


def main(url, model):
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    asked = {
        "model": model,
        "messages": [{"role": "user", "content": "How was your day?"}],
        "max_completion_tokens": 12,
        "seed": 3,
    }
    whole = client.chat.completions.create(**asked, logprobs=True, top_logprobs=2)
    field = {"steer": [{"vector": "calm", "coefficient": 2}], "read": ["evil"]}
    steered = client.chat.completions.create(**asked, extra_body={"personascope": field})
    print(
        json.dumps(
            {
                "version": openai.__version__,
                "models": [found.id for found in client.models.list()],
                "whole": whole.choices[0].message.content,
                "finish": whole.choices[0].finish_reason,
                "tokens": whole.usage.completion_tokens,
                "logprobs": [entry.token for entry in whole.choices[0].logprobs.content],
                "streamed": stream(client, asked),
                "text": client.completions.create(model=model, prompt="Once", max_tokens=5, seed=1).choices[0].text,
                "personascope": steered.to_dict()["personascope"],
                "several": asyncio.run(ask_several(url, asked)),
                "errors": [
                    refusal(client, asked, model="other"),
                    refusal(client, asked, temperature=9),
                    refusal(client, asked, extra_body={"personascope": {"read": ["greedy"]}}),
                ],
            }
        )
    )


def stream(client, asked):
    parts = list(client.chat.completions.create(**asked, stream=True, logprobs=True, stream_options={"include_usage": True}))
    choices = [choice for part in parts for choice in part.choices]
    return {
        "text": "".join(choice.delta.content or "" for choice in choices),
        "logprobs": [entry.token for choice in choices if choice.logprobs for entry in choice.logprobs.content],
        "finish": choices[-1].finish_reason,
        "tokens": parts[-1].usage.completion_tokens,
    }


async def ask_several(url, asked):
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        answers = await asyncio.gather(*(client.chat.completions.create(**asked) for _ in range(4)))
    return [answer.choices[0].message.content for answer in answers]


def refusal(client, asked, **changed):
    try:
        client.chat.completions.create(**{**asked, **changed})
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "param": error.param, "code": error.code}
    return None


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
