"""Writes test/fixtures/eval/*.parquet: this project's own few docs as pyarrow packs them for the Hub.

    pip install pyarrow==26.0.1
    python tools/make_parquet_fixtures.py

Column types are those of the Hub's data sets: ARC's choices a structure of lists, CoQA's turns too, MMLU's answer and AG
News' label 64-bit integers, WikiText a row a line. `large` holds its docs in two row groups behind a column nobody asks for.
"""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FIXTURES = Path(__file__).resolve().parent.parent / "test/fixtures/eval"


def write(name: str, rows: list[dict], **options) -> None:
    options = {"compression": "snappy", **options}
    pq.write_table(pa.Table.from_pylist(rows), FIXTURES / f"{name}.parquet", **options)


def column(turns: list[dict]) -> dict:
    return {"input_text": [turn["input_text"] for turn in turns], "turn_id": [turn["turn_id"] for turn in turns]}


def conversation(c: dict) -> dict:
    return {
        "id": c["id"],
        "source": c["source"],
        "story": c["story"],
        "questions": column(c["questions"]),
        "answers": column(c["answers"]),
        "additional_answers": {key: column(turns) for key, turns in c["additional_answers"].items()},
    }


def main() -> None:
    arc = [json.loads(line) for line in (FIXTURES / "arc.jsonl").read_text(encoding="utf-8").splitlines()]
    write("arc", arc)
    for codec in ("zstd", "gzip", "brotli", "lz4"):
        write(f"arc_{codec}", arc, compression=codec)
    # What a reader of single columns must not fetch; not packed, so that it is long.
    long = [{**row, "unread": chr(97 + i) * 90_000} for i, row in enumerate(arc)]
    codecs = {name: "none" if name == "unread" else "snappy" for name in ("id", "question", "answerKey", "unread")}
    write("large", long, row_group_size=4, use_dictionary=False, compression=codecs, write_statistics=False)
    coqa = json.loads((FIXTURES / "coqa_domains.json").read_text(encoding="utf-8"))["data"]
    write("coqa_domains", [conversation(c) for c in coqa])
    with open(FIXTURES / "ag_news.csv", encoding="utf-8", newline="") as file:
        write("ag_news", [{"text": f"{title} {text}", "label": int(label) - 1} for label, title, text in csv.reader(file)])
    for split in ("test", "dev"):
        with open(FIXTURES / f"mmlu_{split}.csv", encoding="utf-8", newline="") as file:
            rows = [
                {"question": row["question"], "subject": row["subject"], "choices": [row[f"choice{i}"] for i in range(4)],
                 "answer": int(row["answer"])}
                for row in csv.DictReader(file)
            ]
        write(f"mmlu_{split}", rows)
    lines = (FIXTURES / "wiki.raw").read_text(encoding="utf-8").split("\n")
    # As Salesforce/wikitext: a row a line with its line end, a blank line an empty row.
    ends = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    write("wiki", [{"text": "" if line == " \n" else line} for line in ends])


if __name__ == "__main__":
    main()
