"""Generate invented news in AG News' layout: rows of class (1 World, 2 Sports, 3 Business, 4 Sci/Tech), title, description.

    python make_news.py --train DIR --tasks ../public/tasks

writes DIR/train_news.csv and mini_news.csv. Every item takes most of its words from its own class
and some from another, so that no reader can be right every time: a club is also a business, and a
satellite may be launched by a ministry.
"""

import argparse
import csv
import random
from pathlib import Path

SEED = 20241
TRAIN_ITEMS = 40_000
TEST_ITEMS = 2000

CITIES = "Lima, Oslo, Cairo, Kyoto, Lagos, Mumbai, Lisbon, Nairobi, Hanoi, Quito, Warsaw, Accra, Dublin, Seoul".split(", ")
PEOPLE = "Amara Diallo, Kenji Mori, Elena Petrova, Priya Nair, Lars Holm, Sofia Reyes, Omar Haddad, Mei Chen, Kofi Mensah, Ingrid Dahl".split(", ")
DAYS = "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday".split(", ")

# who acts, what happens, on what, and what a second sentence adds
CLASSES = (
    {
        "actor": "The prime minister, Parliament, The border police, A rebel group, The foreign ministry, Voters, The opposition, Peacekeepers, The governor, Aid workers".split(", "),
        "verb": "rejected, agreed to, debated, warned of, protested against, signed, delayed, called for".split(", "),
        "object": "a ceasefire, the peace talks, a new constitution, early elections, the border treaty, an emergency law, a refugee plan, the sanctions, a state visit, the flood relief".split(", "),
        "detail": "Thousands gathered in the capital, The talks may resume next week, Diplomats called the step historic, Security was tightened near the embassy, The vote was close, Neighbours reacted with caution".split(", "),
    },
    {
        "actor": "The home side, The young striker, A veteran coach, The relay team, The champion, The goalkeeper, The league, A marathon runner, The visitors, The captain".split(", "),
        "verb": "won, lost, levelled, missed, dominated, opened, ended, reached".split(", "),
        "object": "the cup final, the derby, the season opener, a penalty shootout, the quarter-final, the title race, the decisive match, a world record attempt, the play-offs, the tournament".split(", "),
        "detail": "The crowd of thousands sang until the end, A late goal changed everything, The medal is the third this year, An injury may end the season, The score stood at two to one, The referee had the last word".split(", "),
    },
    {
        "actor": "The central bank, A shipping group, The steel maker, Investors, The airline, A retail chain, The oil company, Analysts, The insurer, The car maker".split(", "),
        "verb": "raised, cut, reported, expected, announced, missed, beat, reviewed".split(", "),
        "object": "quarterly profits, the interest rate, its sales forecast, a merger, thousands of jobs, the dividend, a share sale, the annual budget, its debt rating, a record loss".split(", "),
        "detail": "Shares fell three per cent, The market had expected more, Prices rose for the fifth month, The board meets in spring, Costs stayed under control, Traders stayed calm".split(", "),
    },
    {
        "actor": "Researchers, A space probe, The chip designer, Engineers, A software start-up, Astronomers, The laboratory, A robot, The search engine, Biologists".split(", "),
        "verb": "discovered, tested, unveiled, launched, mapped, patched, decoded, upgraded".split(", "),
        "object": "a faster processor, the comet's orbit, a gene for sleep, the browser's security hole, a battery of salt, the climate model, a satellite network, an open-source tool, a quantum sensor, the telescope's mirror".split(", "),
        "detail": "The study appeared in a journal, The prototype runs on solar power, Users can download it from today, The data took years to collect, The device is smaller than a coin, Others have yet to repeat the result".split(", "),
    },
)

# how often each part speaks of the item's own class
OWN = {"actor": 0.72, "verb": 0.72, "object": 0.8, "detail": 0.75}


def make_item(rng: random.Random) -> tuple[int, str, str]:
    """Class 0..3, title, description."""
    label = rng.randrange(4)
    other = rng.choice([c for c in range(4) if c != label])
    part = {
        name: rng.choice(CLASSES[label if rng.random() < share else other][name])
        for name, share in OWN.items()
    }
    title = f"{part['actor']} {part['verb']} {part['object']}"
    where = rng.choice((f"in {rng.choice(CITIES)}", f"on {rng.choice(DAYS)}", f"says {rng.choice(PEOPLE)}"))
    return label, title, f"{part['detail']}, {where}."


def write_items(path: Path, items: list[tuple[int, str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        rows.writerows((label + 1, title, description) for label, title, description in items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True, help="folder for the training items")
    parser.add_argument("--tasks", type=Path, required=True, help="folder for the task file")
    arguments = parser.parse_args()
    for folder in (arguments.train, arguments.tasks):
        folder.mkdir(parents=True, exist_ok=True)
    test_rng, train_rng = random.Random(f"{SEED}:test"), random.Random(f"{SEED}:train")
    test = [make_item(test_rng) for _ in range(TEST_ITEMS)]
    held_out = set(test)
    train = [item for item in (make_item(train_rng) for _ in range(TRAIN_ITEMS)) if item not in held_out]
    write_items(arguments.tasks / "mini_news.csv", test)
    write_items(arguments.train / "train_news.csv", train)
    print(f"{len(train)} to train on, {len(test)} held out")


if __name__ == "__main__":
    main()
