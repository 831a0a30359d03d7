"""Ask a running Shisaku server from Python: ``pip install gradio_client``, then run this file.

Every function that the server offers has a name here: search, ask, get_measure, list_measures.
With a password set on the server, give it as HTTP Basic: ``Client(url, headers=basic("…"))``.
"""

from __future__ import annotations

import base64
import sys

from gradio_client import Client


def basic(password: str) -> dict[str, str]:
    """The header for a server that asks its visitors for a password."""
    return {"Authorization": "Basic " + base64.b64encode(f"client:{password}".encode()).decode()}


def main(url: str = "http://127.0.0.1:7860") -> list[str]:
    """Ask a question and a follow-up, look one measure up, and return what to show."""
    client = Client(url, verbose=False)
    lines = []

    first = client.predict("女性の創業支援は？", api_name="/ask")
    lines.append(f"[{first['status']}] {first['text']}")
    for citation in first["citations"]:
        lines.append(
            f"  [{citation['number']}] {citation['organization']} {citation['fiscal_year']}年度: {citation['quote']}"
        )

    history = [
        {"role": "user", "content": "女性の創業支援は？"},
        {"role": "assistant", "content": first["text"]},
    ]
    second = client.predict("令和4年度の実績は？", history, api_name="/ask")
    lines.append(f"[{second['status']}] {second['text']}")

    listed = client.predict("テレワーク", limit=3, api_name="/list_measures")
    lines.append(f"「テレワーク」を含む施策: {listed['total']}件")
    measure = client.predict(listed["measures"][0]["measure_id"], api_name="/get_measure")
    lines.append(f"  {measure['organization']}: {measure['title']}")

    hits = client.predict("36協定の周知", k=3, fiscal_year=2021, api_name="/search")
    lines += [f"  {hit['score']:.3f} {hit['organization']} {hit['heading']}" for hit in hits]
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(main(*sys.argv[1:2])) + "\n")
