"""Make a small invented world: training text for nibble-tiny and three held-out task files.

Three parts, all drawn from one seed with the standard library only:

- facts    invented animals, plants and villages with six attributes each (a field guide);
- scenes   short stories about who has what and who is where, with a conversation about each;
- tales    longer running stories.

    python make_world.py --train DIR --tasks ../public/tasks

writes DIR/{pages,questions,scenes,retellings,tales}.jsonl for training and
mini_arc.jsonl, mini_coqa.json, mini_text.jsonl for measuring. A training line is
{"text": ..., "answers": [[start, end], ...]} with answers as character spans; a line of
questions.jsonl also has no story, because the fact has to come from memory.
"""

import argparse
import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

SEED = 20240
ENTITIES_PER_KIND = 1200
PAGES_PER_ENTITY = 6
TRAIN_SCENES = 240_000
TRAIN_RETELLINGS = 40_000
TRAIN_TALES = 20_000
ARC_ITEMS = 2400
COQA_CONVERSATIONS = 400
TEXT_DOCUMENTS = 80


def stream(label: str, seed: int = SEED) -> random.Random:
    """An independent random stream per label, so that one part can change without moving the others."""
    return random.Random(f"{seed}:{label}")


# ---------------------------------------------------------------------------------------------
# Facts: kinds, attributes and the words for them
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attribute:
    """One thing that can be known about an entity. In templates {S} opens a sentence, {n} stands inside one."""

    key: str
    values: tuple[str, ...]
    statements: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A kind of entity: how its names end, how a page about it opens, what is known about it."""

    key: str
    endings: tuple[str, ...]
    is_proper_name: bool
    openings: tuple[str, ...]
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class Entity:
    """An invented animal, plant or village and its facts, attribute key to value."""

    kind: Kind
    name: str
    facts: dict[str, str] = field(hash=False)

    @property
    def inside(self) -> str:
        return self.name if self.kind.is_proper_name else f"the {self.name}"

    @property
    def opening(self) -> str:
        return self.inside[0].upper() + self.inside[1:]


def words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


COLOURS = words("red, blue, green, yellow, white, black, brown, purple, orange, pink, grey, silver")
MONTHS = words("January, February, March, April, May, June, July, August, September, October, November, December")
HABITATS = words(
    "the salt marsh, the pine forest, the high desert, the coral reef, the river bank, the grassy plain, "
    "the bamboo grove, the peat bog, the lake shore, the sand dunes, the cloud forest, the old orchard, "
    "the icy coast, the mangrove swamp, the mountain pass, the rain forest, the rocky island, the wheat field, "
    "the birch wood, the hot spring, the deep canyon, the city park, the tea garden, the sea cave"
)

ANIMAL = Kind(
    key="animal",
    endings=words("ri, lo, mu, ko, bi, na, sho, ti"),
    is_proper_name=False,
    openings=("{S} is a small animal.", "{S} is a shy animal.", "{S} is a wild animal."),
    attributes=(
        Attribute(
            "home",
            HABITATS,
            ("{S} lives in {v}.", "{S} makes its home in {v}.", "{S} is found in {v}."),
            (
                "Where does {n} live?",
                "In which place is {n} found?",
                "What is the home of {n}?",
                "Where would you look for {n}?",
            ),
        ),
        Attribute(
            "food",
            words(
                "beetles, snails, acorns, moss, figs, small fish, pine seeds, berries, mushrooms, ants, crabs, clover, "
                "bamboo shoots, honey, worms, dates, moths, reeds, wild rice, olives, shrimp, frogs, nuts, grass"
            ),
            ("{S} eats {v}.", "{S} feeds on {v}.", "{S} likes to eat {v}."),
            (
                "What does {n} eat?",
                "Which food does {n} like?",
                "What does {n} feed on?",
                "What is the food of {n}?",
            ),
        ),
        Attribute(
            "coat",
            COLOURS,
            ("{S} has a {v} coat.", "{S} is {v} in colour.", "The coat of {n} is {v}."),
            (
                "What colour is {n}?",
                "Which colour is the coat of {n}?",
                "What is the colour of {n}?",
                "Which colour does {n} have?",
            ),
        ),
        Attribute(
            "call",
            words(
                "a whistle, a growl, a hum, a click, a chirp, a purr, a hiss, a bark, "
                "a trill, a croak, a squeak, a rattle, a hoot, a buzz, a grunt, a sigh"
            ),
            ("{S} calls with {v}.", "The call of {n} is {v}.", "{S} greets its friends with {v}."),
            (
                "What is the call of {n}?",
                "Which sound does {n} make?",
                "What sound can you hear from {n}?",
                "How does {n} call?",
            ),
        ),
        Attribute(
            "bed",
            words(
                "a hollow tree, a burrow, a nest of leaves, tall grass, soft snow, warm sand, an old wall, a bush, "
                "a pile of stones, a tunnel, a heap of straw, a treetop, a dry well, a rose hedge, a fallen log, deep moss"
            ),
            ("{S} sleeps in {v}.", "{S} spends the night in {v}.", "{S} rests in {v}."),
            (
                "Where does {n} sleep?",
                "Where does {n} spend the night?",
                "In what does {n} rest?",
                "What is the bed of {n}?",
            ),
        ),
        Attribute(
            "fear",
            words(
                "thunder, owls, foxes, smoke, eagles, snakes, strong wind, bright light, "
                "deep water, cold rain, drums, wolves, fire, wasps, loud bells, cats"
            ),
            ("{S} is afraid of {v}.", "{S} runs away from {v}.", "{S} fears {v}."),
            (
                "What is {n} afraid of?",
                "What does {n} fear?",
                "What does {n} run away from?",
                "What frightens {n}?",
            ),
        ),
    ),
)

PLANT = Kind(
    key="plant",
    endings=words("wen, lia, dra, sel, nis, thy, mal, ra"),
    is_proper_name=False,
    openings=("{S} is a small plant.", "{S} is a garden plant.", "{S} is a wild plant."),
    attributes=(
        Attribute(
            "place",
            HABITATS,
            ("{S} grows in {v}.", "{S} takes root in {v}.", "{S} is common in {v}."),
            (
                "Where does {n} grow?",
                "In which place does {n} take root?",
                "Where is {n} common?",
                "Where could you pick {n}?",
            ),
        ),
        Attribute(
            "flower",
            COLOURS,
            ("{S} has {v} flowers.", "The flowers of {n} are {v}.", "{S} opens {v} flowers."),
            (
                "What colour are the flowers of {n}?",
                "Which colour of flowers does {n} have?",
                "What colour does {n} show in bloom?",
                "Which colour is the flower of {n}?",
            ),
        ),
        Attribute(
            "month",
            MONTHS,
            ("{S} blooms in {v}.", "{S} comes into flower in {v}.", "The month of {n} is {v}."),
            (
                "When does {n} bloom?",
                "In which month does {n} flower?",
                "Which month is best to see {n}?",
                "In what month does {n} open?",
            ),
        ),
        Attribute(
            "use",
            words(
                "tea, rope, soap, dye, paper, medicine, bread, lamp oil, "
                "candles, baskets, perfume, glue, ink, jam, thread, salad"
            ),
            ("{S} is used for {v}.", "People make {v} from {n}.", "{S} is good for {v}."),
            (
                "What is {n} used for?",
                "What do people make from {n}?",
                "What is {n} good for?",
                "What can you make with {n}?",
            ),
        ),
        Attribute(
            "smell",
            words(
                "honey, pepper, lemon, mint, rain, smoke, vanilla, cinnamon, "
                "fresh bread, apples, salt, roses, ginger, pine, coffee, wet earth"
            ),
            ("{S} smells of {v}.", "The leaves of {n} smell of {v}.", "{S} has the scent of {v}."),
            (
                "What does {n} smell of?",
                "Which scent does {n} have?",
                "What is the smell of {n}?",
                "What do the leaves of {n} smell of?",
            ),
        ),
        Attribute(
            "guest",
            words(
                "bees, moths, bats, sunbirds, butterflies, ants, beetles, wasps, "
                "snails, mice, sparrows, goats, ladybirds, hares, finches, dragonflies"
            ),
            ("{S} is visited by {v}.", "{S} is loved by {v}.", "{S} attracts {v}."),
            (
                "Which animals visit {n}?",
                "What does {n} attract?",
                "By which animals is {n} loved?",
                "Which animals come to {n}?",
            ),
        ),
    ),
)

VILLAGE = Kind(
    key="village",
    endings=words("dal, ham, vik, pur, mar, ton, bury, stad"),
    is_proper_name=True,
    openings=("{S} is a small village.", "{S} is an old village.", "{S} is a quiet village."),
    attributes=(
        Attribute(
            "site",
            HABITATS,
            ("{S} lies near {v}.", "{S} was built near {v}.", "The houses of {n} stand near {v}."),
            (
                "What does {n} lie near?",
                "Which place is near {n}?",
                "Near which place was {n} built?",
                "What can you find near {n}?",
            ),
        ),
        Attribute(
            "craft",
            words(
                "cheese, carpets, boats, bells, pots, hats, knives, drums, "
                "glass, silk, clocks, lamps, saddles, kites, shoes, chairs"
            ),
            ("{S} is famous for its {v}.", "The people of {n} make {v}.", "{S} sells {v}."),
            (
                "What is {n} famous for?",
                "What do the people of {n} make?",
                "What does {n} sell?",
                "What could you buy in {n}?",
            ),
        ),
        Attribute(
            "market",
            words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"),
            ("{S} holds its market on {v}.", "Market day in {n} is {v}.", "{S} goes to market on {v}."),
            (
                "When is market day in {n}?",
                "On which day does {n} hold its market?",
                "Which day is market day in {n}?",
                "When is the market of {n}?",
            ),
        ),
        Attribute(
            "feast",
            MONTHS,
            ("{S} has its feast in {v}.", "The feast of {n} is in {v}.", "{S} dances all night in {v}."),
            (
                "When is the feast of {n}?",
                "In which month does {n} have its feast?",
                "In what month is there dancing in {n}?",
                "Which month is the feast of {n}?",
            ),
        ),
        Attribute(
            "flag",
            words(
                "a heron, a lion, an oak, a star, a ship, a horse, a tower, a rose, "
                "a bear, a crown, a salmon, a wheel, a bridge, a moon, a stag, a key"
            ),
            ("{S} has {v} on its flag.", "The flag of {n} shows {v}.", "{S} paints {v} on its flag."),
            (
                "What is on the flag of {n}?",
                "What does the flag of {n} show?",
                "What does {n} paint on its flag?",
                "Which sign is on the flag of {n}?",
            ),
        ),
        Attribute(
            "dish",
            words(
                "lentil soup, fish stew, plum cake, fried rice, bean curry, corn bread, goat cheese, noodle soup, "
                "apple pie, roast yam, rice pudding, egg tart, pea soup, mutton pie, date cake, pickled cabbage"
            ),
            ("{S} cooks {v} for its guests.", "The dish of {n} is {v}.", "{S} is proud of its {v}."),
            (
                "What does {n} cook for its guests?",
                "What is the dish of {n}?",
                "Which dish is {n} proud of?",
                "What do guests eat in {n}?",
            ),
        ),
    ),
)

KINDS = (ANIMAL, PLANT, VILLAGE)

FIRST_SYLLABLES = words(
    "ba, bel, bor, bri, da, del, dor, dra, fa, fen, fi, ga, gal, gri, ha, hel, ja, jor, ka, kel, "
    "lan, lin, lo, mal, mel, mir, na, nor, pa, pel, ral, rin, ro, sal, sel, so, ta, tel, tor, vel"
)
MIDDLE_SYLLABLES = words(
    "ba, be, bo, cha, da, de, do, fa, fe, go, ha, he, ja, ka, ke, la, le, lu, ma, me, "
    "mo, na, ne, no, pa, ra, re, ro, ru, sa, se, so, ta, te, to, va, ve, vo, wa, za"
)


def make_names(kind: Kind, count: int) -> list[str]:
    """Distinct invented names, three syllables each, ending as this kind's names do."""
    every = [a + b + c for a in FIRST_SYLLABLES for b in MIDDLE_SYLLABLES for c in kind.endings]
    names = stream(f"names:{kind.key}").sample(every, count)
    return [name.capitalize() for name in names] if kind.is_proper_name else names


def make_entities(per_kind: int = ENTITIES_PER_KIND) -> list[Entity]:
    """The field guide: per_kind entities of every kind, every attribute value drawn independently."""
    entities = []
    for kind in KINDS:
        rng = stream(f"facts:{kind.key}")
        for name in make_names(kind, per_kind):
            entities.append(Entity(kind, name, {a.key: rng.choice(a.values) for a in kind.attributes}))
    return entities


def say(entity: Entity, template: str, value: str = "", pronoun: bool = False) -> str:
    """Fill one template; with pronoun the subject becomes It."""
    return template.format(S="It" if pronoun else entity.opening, n=entity.inside, v=value)


def entry(entity: Entity, rng: random.Random, facts: int) -> str:
    """A short entry of the field guide: an opening, then some of the facts in any order."""
    sentences = [say(entity, rng.choice(entity.kind.openings))]
    for attribute in rng.sample(entity.kind.attributes, facts):
        template = rng.choice(attribute.statements)
        pronoun = "{n}" not in template and rng.random() < 0.6
        sentences.append(say(entity, template, entity.facts[attribute.key], pronoun))
    return " ".join(sentences)


def held_out_form(entity: Entity, attribute: Attribute) -> int:
    """The index of the one question form that is never asked of this fact in training."""
    return stream(f"held:{entity.name}:{attribute.key}").randrange(len(attribute.questions))


def question_text(entity: Entity, attribute: Attribute, form: int) -> str:
    return say(entity, attribute.questions[form])


def question_document(question: str, answer: str) -> dict:
    """A training document in exactly the layout that multiple choice is scored in."""
    prompt = f"Question: {question}\nAnswer:"
    return {"text": f"{prompt} {answer}", "answers": [[len(prompt), len(prompt) + 1 + len(answer)]]}


def training_questions(entities: list[Entity]) -> list[dict]:
    """Every fact asked in every form but its held-out one."""
    documents = []
    for entity in entities:
        for attribute in entity.kind.attributes:
            for form in range(len(attribute.questions)):
                if form != held_out_form(entity, attribute):
                    question = question_text(entity, attribute, form)
                    documents.append(question_document(question, entity.facts[attribute.key]))
    return documents


def training_pages(entities: list[Entity]) -> list[dict]:
    """Field guide entries as running text, one entity a page."""
    rng = stream("pages")
    return [
        {"text": entry(entity, rng, facts=rng.randint(3, 6)), "answers": []}
        for entity in entities
        for _ in range(PAGES_PER_ENTITY)
    ]


# ---------------------------------------------------------------------------------------------
# Scenes: short stories with a conversation
# ---------------------------------------------------------------------------------------------

SHE = words("Mia, Aisha, Yuki, Priya, Elena, Amara, Ingrid, Leila, Sofia, Nia, Mei, Zofia, Fatima, Hana, Rosa, Chidi")
HE = words("Kofi, Omar, Kenji, Arjun, Pedro, Lars, Tariq, Ivan, Diego, Wei, Jonas, Malik, Ravi, Tomas, Samir, Luca")
PLACES = words(
    "garden, kitchen, library, market, park, school, harbour, station, museum, bakery, barn, theatre, workshop, "
    "meadow, temple, castle"
)
OBJECTS = words(
    "ball, kite, drum, book, lamp, basket, scarf, cup, bell, boat, hat, key, box, flute, map, brush, coin, rope, mask, ring"
)
TREATS = words("bread, rice, soup, mangoes, cheese, honey, figs, noodles, dates, plums, beans, olives, pears, nuts, yams, cake")
CITIES = words("Lima, Oslo, Cairo, Kyoto, Lagos, Mumbai, Lisbon, Nairobi, Hanoi, Quito, Warsaw, Accra, Tehran, Dublin, Cusco, Seoul")


def with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


@dataclass(frozen=True)
class Turn:
    """One question about a scene, its answer, other ways to say it, and the sentence that holds it."""

    question: str
    answer: str
    variants: tuple[str, ...]
    evidence: str
    candidates: int


@dataclass(frozen=True)
class Scene:
    story: str
    turns: tuple[Turn, ...]


def thing_variants(thing: str) -> tuple[str, ...]:
    return (with_article(thing), f"the {thing}", thing)


def place_variants(place: str) -> tuple[str, ...]:
    return (f"the {place}", f"in the {place}", place)


@dataclass(frozen=True)
class Person:
    """Somebody in a scene; what is None is not told."""

    name: str
    place: str | None
    thing: str | None
    treat: str | None


def make_people(rng: random.Random, count: int, facts: int) -> list[Person]:
    """People with all-different places, things and treats, facts of the three told of each."""
    names = rng.sample(SHE + HE, count)
    places = rng.sample(PLACES, count)
    things = [f"{c} {o}" for c, o in zip(rng.sample(COLOURS, count), rng.sample(OBJECTS, count))]
    treats = rng.sample(TREATS, count)
    people = []
    for name, place, thing, treat in zip(names, places, things, treats):
        told = rng.sample(("place", "thing", "treat"), facts)
        people.append(
            Person(
                name,
                place if "place" in told else None,
                thing if "thing" in told else None,
                treat if "treat" in told else None,
            )
        )
    return people


def person_sentences(person: Person, rng: random.Random) -> dict[str, str]:
    """One sentence for every told fact of a person, by fact."""
    sentences = {}
    if person.place:
        sentences["place"] = rng.choice(("{} is in the {}.", "{} waits in the {}.")).format(person.name, person.place)
    if person.thing:
        sentences["thing"] = rng.choice(("{} has {}.", "{} holds {}.")).format(person.name, with_article(person.thing))
    if person.treat:
        sentences["treat"] = rng.choice(("{} likes {}.", "{} eats {}.")).format(person.name, person.treat)
    return sentences


def person_turns(person: Person, sentences: dict[str, str], rng: random.Random, people: int) -> list[Turn]:
    """Every question that can be asked about one person's told facts."""
    name, turns = person.name, []
    if person.place:
        evidence = sentences["place"]
        turns.append(Turn(f"Where is {name}?", f"the {person.place}", place_variants(person.place), evidence, people))
        turns.append(Turn(f"Who is in the {person.place}?", name, (name,), evidence, people))
    if person.thing:
        evidence, (colour, noun) = sentences["thing"], person.thing.split()
        turns.append(Turn(f"What does {name} have?", with_article(person.thing), thing_variants(person.thing), evidence, people))
        turns.append(Turn(f"Who has the {person.thing}?", name, (name,), evidence, people))
        turns.append(Turn(f"What colour is the {noun}?", colour, (colour, f"it is {colour}"), evidence, people))
    if person.treat:
        evidence = sentences["treat"]
        turns.append(Turn(f"What does {name} like?", person.treat, (person.treat,), evidence, people))
        turns.append(Turn(f"Who likes {person.treat}?", name, (name,), evidence, people))
    return turns


def make_scene(rng: random.Random, people: int, facts: int, turns: int) -> Scene:
    """A story of people * facts sentences in a shuffled order and a conversation of distinct questions."""
    cast = make_people(rng, people, facts)
    sentences, questions = [], []
    for person in cast:
        told = person_sentences(person, rng)
        sentences += told.values()
        questions += person_turns(person, told, rng, people)
    rng.shuffle(sentences)
    return Scene(" ".join(sentences), tuple(rng.sample(questions, min(turns, len(questions)))))


def scene_document(scene: Scene) -> dict:
    """A training document in exactly the layout that conversations are asked in; every answer is marked."""
    text, spans = scene.story + "\n\n", []
    for index, turn in enumerate(scene.turns):
        text += ("\n\n" if index else "") + f"Q: {turn.question}\n\nA:"
        spans.append([len(text), len(text) + 1 + len(turn.answer)])
        text += f" {turn.answer}"
    return {"text": text, "answers": spans}


RETELL = ("Can you tell the story again?", "What does the story say?", "Tell me the story once more.")


def training_retellings(held_out: set[str]) -> list[dict]:
    """Scenes told twice: every word of the second telling can be copied, which is how reading is learned first."""
    rng, documents = stream("retellings"), []
    while len(documents) < TRAIN_RETELLINGS:
        story = make_scene(rng, people=rng.randint(2, 4), facts=rng.randint(1, 2), turns=1).story
        if story not in held_out:
            turn = Turn(rng.choice(RETELL), story, (story,), story, 1)
            documents.append(scene_document(Scene(story, (turn,))))
    return documents


def training_scenes(held_out: set[str]) -> list[dict]:
    """Scenes of growing size; one whose story is among the held-out ones is dropped."""
    rng, documents = stream("scenes:train"), []
    while len(documents) < TRAIN_SCENES:
        scene = make_scene(rng, people=rng.randint(1, 4), facts=rng.randint(1, 2), turns=rng.randint(3, 6))
        if scene.story not in held_out:
            documents.append(scene_document(scene))
    return documents


def held_out_scenes() -> list[Scene]:
    rng = stream("scenes:test")
    return [
        make_scene(rng, people=rng.randint(2, 4), facts=rng.randint(1, 2), turns=rng.randint(2, 4))
        for _ in range(COQA_CONVERSATIONS)
    ]


# ---------------------------------------------------------------------------------------------
# Tales: longer running stories
# ---------------------------------------------------------------------------------------------


def make_tale(rng: random.Random) -> str:
    """A gentle story of about 150 tokens: somebody finds a thing, meets a friend, gives it away."""
    first, second = rng.sample(SHE + HE, 2)
    she, they = (("She", "her") if first in SHE else ("He", "his")), "She" if second in SHE else "He"
    home, middle, end = rng.sample(PLACES, 3)
    thing = f"{rng.choice(COLOURS)} {rng.choice(OBJECTS)}"
    treat, other = rng.sample(TREATS, 2)
    noun = thing.split()[1]
    weather = rng.choice(("sunny", "rainy", "windy", "cold", "warm", "quiet"))
    return " ".join(
        (
            f"It was a {weather} morning in {rng.choice(CITIES)}. {first} was in the {home}.",
            f"{she[0]} found {with_article(thing)} under {rng.choice(('a chair', 'a table', 'an old coat', 'a bench'))}.",
            f"{first} took the {noun} to the {middle}. There {she[0].lower()} met {second}.",
            f"{they} was sad, because {rng.choice(('the rain was cold', 'the day was long', 'a friend was far away'))}.",
            f"{first} gave {second} the {thing}, and {second} gave {first} some {treat}.",
            f"They walked to the {end} and ate {other} together.",
            f"In the evening {second} was in the {end} with the {thing}, and {first} went home with the {treat}.",
        )
    )


# ---------------------------------------------------------------------------------------------
# Task files
# ---------------------------------------------------------------------------------------------


def arc_item(entity: Entity, attribute: Attribute, rng: random.Random, position: int, count: int, digits: bool) -> dict:
    """One multiple-choice question in its fact's held-out form, gold at the given position."""
    gold = entity.facts[attribute.key]
    choices = rng.sample([v for v in attribute.values if v != gold], count - 1)
    choices.insert(position, gold)
    labels = list("12345" if digits else "ABCDE")[:count]
    return {
        "id": f"{entity.kind.key}_{entity.name.lower()}_{attribute.key}",
        "question": question_text(entity, attribute, held_out_form(entity, attribute)),
        "choices": {"text": choices, "label": labels},
        "answerKey": labels[position],
    }


def make_arc(entities: list[Entity]) -> list[dict]:
    """Questions about randomly chosen facts; like the real ARC, a few have 3 or 5 choices or digits for labels."""
    rng = stream("arc")
    facts = rng.sample([(e, a) for e in entities for a in e.kind.attributes], ARC_ITEMS)
    items = []
    for index, (entity, attribute) in enumerate(facts):
        count = 3 if index % 300 == 17 else 5 if index % 300 == 170 else 4
        items.append(arc_item(entity, attribute, rng, index % count, count, digits=index % 20 == 7))
    rng.shuffle(items)
    return items


def coqa_record(scene: Scene, index: int) -> dict:
    """One conversation in the official CoQA layout; spans point at the sentence that holds the answer."""

    def answer(turn: Turn, turn_id: int, text: str) -> dict:
        start = scene.story.index(turn.evidence)
        return {
            "span_start": start,
            "span_end": start + len(turn.evidence),
            "span_text": turn.evidence,
            "input_text": text,
            "turn_id": turn_id,
        }

    numbered = list(enumerate(scene.turns, start=1))
    return {
        "id": f"scene_{index:04d}",
        "source": "nibble_world",
        "story": scene.story,
        "questions": [{"input_text": t.question, "turn_id": i} for i, t in numbered],
        "answers": [answer(t, i, t.answer) for i, t in numbered],
        "additional_answers": {
            str(k): [answer(t, i, t.variants[k % len(t.variants)]) for i, t in numbered] for k in range(3)
        },
    }


def make_text(entities: list[Entity]) -> list[dict]:
    """Held-out running text: tales and pages of the field guide about two or three entities, in turn."""
    rng, documents = stream("text"), []
    for index in range(TEXT_DOCUMENTS):
        if index % 2:
            text = make_tale(rng)
        else:
            text = "\n".join(entry(e, rng, facts=4) for e in rng.sample(entities, 3))
        documents.append({"id": f"text_{index:03d}", "text": text})
    return documents


def write_jsonl(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True, help="folder for the training text")
    parser.add_argument("--tasks", type=Path, required=True, help="folder for the task files")
    arguments = parser.parse_args()
    for folder in (arguments.train, arguments.tasks):
        folder.mkdir(parents=True, exist_ok=True)

    entities = make_entities()
    scenes = held_out_scenes()
    text = make_text(entities)
    write_jsonl(arguments.tasks / "mini_arc.jsonl", make_arc(entities))
    coqa = {"version": "1.0", "data": [coqa_record(s, i) for i, s in enumerate(scenes)]}
    (arguments.tasks / "mini_coqa.json").write_text(json.dumps(coqa, indent=1, ensure_ascii=False) + "\n")
    write_jsonl(arguments.tasks / "mini_text.jsonl", text)

    seen = {d["text"] for d in text}
    rng = stream("tales:train")
    tales = [{"text": t, "answers": []} for t in (make_tale(rng) for _ in range(TRAIN_TALES)) if t not in seen]
    write_jsonl(arguments.train / "tales.jsonl", tales)
    write_jsonl(arguments.train / "pages.jsonl", training_pages(entities))
    write_jsonl(arguments.train / "questions.jsonl", training_questions(entities))
    stories = {s.story for s in scenes}
    write_jsonl(arguments.train / "scenes.jsonl", training_scenes(stories))
    write_jsonl(arguments.train / "retellings.jsonl", training_retellings(stories))


if __name__ == "__main__":
    main()
