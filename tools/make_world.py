"""Make a small invented world: training text for nibble-tiny and three held-out task files.

Three parts, all drawn from one seed with the standard library only:

- facts    invented animals, plants and villages with six attributes each (a field guide);
- scenes   short stories about who has what and who is where, with a conversation about each;
- tales    longer running stories.

    python make_world.py --train DIR --tasks ../public/tasks

writes DIR/{pages,questions,scenes,tales,retellings,games}.jsonl for training and
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
ENTITIES_PER_KIND = 480
PAGES_PER_ENTITY = 12
TRAIN_SCENES = 240_000
TRAIN_RETELLINGS = 60_000
TRAIN_GAMES = 60_000
TRAIN_TALES = 20_000
ARC_ITEMS = 2400
ARC_CHOICES = 8
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


def page(entities: list[Entity], rng: random.Random) -> str:
    """Entries below one another."""
    return "\n".join(entry(e, rng, facts=rng.randint(3, 5)) for e in entities)


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


def training_pages(entities: list[Entity], held_out: set[str]) -> list[dict]:
    """Pages of the field guide with one to three entries in any company; held-out pages are dropped."""
    rng, documents = stream("pages"), []
    for _ in range(PAGES_PER_ENTITY):
        order = rng.sample(entities, len(entities))
        while order:
            company = [order.pop() for _ in range(min(rng.randint(1, 3), len(order)))]
            text = page(company, rng)
            if text not in held_out:
                documents.append({"text": text, "answers": []})
    return documents


# ---------------------------------------------------------------------------------------------
# Scenes: short stories with a conversation
# ---------------------------------------------------------------------------------------------

SHE = words("Mia, Aisha, Yuki, Priya, Elena, Amara, Ingrid, Leila, Sofia, Nia, Mei, Zofia, Fatima, Hana, Rosa, Chiara")
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


@dataclass(frozen=True)
class Telling:
    """One way to tell what is told of a person: a sentence, the questions it answers, and the short answer."""

    sentence: str
    questions: tuple[str, ...]
    short: str


# What a question names always stands in front of what it asks for, so that the sentence, once found, is the answer.
TELLINGS = {
    "place": (
        Telling("{name} is in the {value}.", ("Where is {name}?", "Where can I find {name}?"), "in the {value}"),
        Telling("In the {value} is {name}.", ("Who is in the {value}?", "Whom do we meet in the {value}?"), "{name}"),
    ),
    "thing": (
        Telling("{name} has {a} {value}.", ("What does {name} have?", "What is in the bag of {name}?"), "{a} {value}"),
        Telling("The {value} is with {name}.", ("Who has the {value}?", "Where is the {value}?"), "{name}"),
    ),
    "treat": (
        Telling("{name} likes {value}.", ("What does {name} like?", "What should I cook for {name}?"), "{value}"),
        Telling("A dish of {value} is for {name}.", ("Who gets the {value}?", "Who is the {value} for?"), "{name}"),
    ),
}


def with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def pronoun(name: str) -> str:
    return "she" if name in SHE else "he"


@dataclass(frozen=True)
class Turn:
    """One question about a scene, and the sentence of the story that answers it.

    variants are other good ways to answer, candidates the sentences of the same form in the story.
    """

    question: str
    answer: str
    variants: tuple[str, ...]
    candidates: int


@dataclass(frozen=True)
class Scene:
    sentences: tuple[str, ...]
    turns: tuple[Turn, ...]

    @property
    def story(self) -> str:
        return " ".join(self.sentences)


def make_scene(rng: random.Random, turns: int) -> Scene:
    """A story of two or three people of whom the same sort of thing is told, and questions about different people."""
    count = rng.randint(2, 3)
    key = rng.choice(sorted(TELLINGS))
    things = [f"{c} {o}" for c, o in zip(rng.sample(COLOURS, count), rng.sample(OBJECTS, count))]
    values = {"place": rng.sample(PLACES, count), "thing": things, "treat": rng.sample(TREATS, count)}[key]
    words_of = [
        {"name": name, "value": value, "a": with_article(value).split()[0]}
        for name, value in zip(rng.sample(SHE + HE, count), values)
    ]
    tellings = [rng.choice(TELLINGS[key]) for _ in words_of]
    sentences = [telling.sentence.format(**w) for telling, w in zip(tellings, words_of)]
    asked = rng.sample(range(count), min(turns, count))
    return Scene(
        tuple(sentences),
        tuple(
            Turn(
                question=rng.choice(tellings[i].questions).format(**words_of[i]),
                answer=sentences[i],
                variants=(
                    sentences[i].removesuffix("."),
                    tellings[i].short.format(**words_of[i]),
                    with_pronoun(sentences[i], words_of[i]["name"]),
                ),
                candidates=sum(telling is tellings[i] for telling in tellings),
            )
            for i in asked
        ),
    )


def with_pronoun(sentence: str, name: str) -> str:
    """The same with he or she where a name opens the sentence."""
    return re.sub(f"^{name}", pronoun(name).capitalize(), sentence)


def scene_document(story: str, turns: tuple[Turn, ...]) -> dict:
    """A training document in exactly the layout that conversations are asked in; every answer is marked."""
    text, spans = story + "\n\n", []
    for index, turn in enumerate(turns):
        text += ("\n\n" if index else "") + f"Q: {turn.question}\n\nA:"
        spans.append([len(text), len(text) + 1 + len(turn.answer)])
        text += f" {turn.answer}"
    return {"text": text, "answers": spans}


def training_scenes(held_out: set[str]) -> list[dict]:
    """Scenes with a question about everybody; held-out stories are dropped."""
    rng, documents = stream("scenes:train"), []
    while len(documents) < TRAIN_SCENES:
        scene = make_scene(rng, turns=3)
        if scene.story not in held_out:
            documents.append(scene_document(scene.story, scene.turns))
    return documents


def held_out_scenes() -> list[Scene]:
    rng = stream("scenes:test")
    return [
        make_scene(rng, turns=rng.randint(2, 3))
        for _ in range(COQA_CONVERSATIONS)
    ]


# ---------------------------------------------------------------------------------------------
# Drills: text in which the second half can be copied, which is where reading starts
# ---------------------------------------------------------------------------------------------

RETELL = ("Can you tell the story again?", "What does the story say?", "Tell me the story once more.")


def training_retellings() -> list[dict]:
    """Scenes told twice, the second time in another order."""
    rng, documents = stream("retellings"), []
    for _ in range(TRAIN_RETELLINGS):
        scene = make_scene(rng, turns=1)
        again = " ".join(rng.sample(scene.sentences, len(scene.sentences)))
        turn = Turn(rng.choice(RETELL), again, (), 1)
        documents.append(scene_document(scene.story, (turn,)))
    return documents


def echo_game(rng: random.Random) -> dict:
    """Say some words, then say them again."""
    said = " ".join(rng.sample(GAME_WORDS, rng.randint(4, 14)))
    head = f"Say: {said}. Again:"
    return {"text": f"{head} {said}.", "answers": [[len(head), len(head) + 2 + len(said)]]}


def pairs_game(rng: random.Random) -> dict:
    """Learn pairs of words, then name the second of each, in another order."""
    count = rng.randint(4, 8)
    drawn = rng.sample(GAME_WORDS, 2 * count)
    pairs = list(zip(drawn[::2], drawn[1::2]))
    text, spans = "; ".join(f"{a} {b}" for a, b in pairs) + ".", []
    for a, b in rng.sample(pairs, count):
        text += f" {a}"
        spans.append([len(text), len(text) + 1 + len(b)])
        text += f" {b}."
    return {"text": text, "answers": spans}


GAME_WORDS = SHE + HE + PLACES + OBJECTS + TREATS + COLOURS + CITIES


def training_games() -> list[dict]:
    """Memory games with words, half echoes and half pairs."""
    rng = stream("games")
    return [rng.choice((echo_game, pairs_game))(rng) for _ in range(TRAIN_GAMES)]


# ---------------------------------------------------------------------------------------------
# Tales: longer running stories
# ---------------------------------------------------------------------------------------------


def make_tale(rng: random.Random) -> str:
    """A gentle story of about 150 tokens: somebody finds a thing, meets a friend, gives it away."""
    first, second = rng.sample(SHE + HE, 2)
    she, they = pronoun(first), pronoun(second).capitalize()
    home, middle, end = rng.sample(PLACES, 3)
    thing = f"{rng.choice(COLOURS)} {rng.choice(OBJECTS)}"
    treat, other = rng.sample(TREATS, 2)
    noun = thing.split()[1]
    weather = rng.choice(("sunny", "rainy", "windy", "cold", "warm", "quiet"))
    return " ".join(
        (
            f"It was a {weather} morning in {rng.choice(CITIES)}. {first} was in the {home}.",
            f"{she.capitalize()} found {with_article(thing)} under {rng.choice(('a chair', 'a table', 'an old coat', 'a bench'))}.",
            f"{first} took the {noun} to the {middle}. There {she} met {second}.",
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
    labels = list("12345678" if digits else "ABCDEFGH")[:count]
    return {
        "id": f"{entity.kind.key}_{entity.name.lower()}_{attribute.key}",
        "question": question_text(entity, attribute, held_out_form(entity, attribute)),
        "choices": {"text": choices, "label": labels},
        "answerKey": labels[position],
    }


def make_arc(entities: list[Entity]) -> list[dict]:
    """Questions about randomly chosen facts; like the real ARC, a few have more or fewer choices or digits for labels.

    With eight choices a question has several wrong answers that are nearly right, and shows smaller changes of a model.
    """
    rng = stream("arc")
    facts = rng.sample([(e, a) for e in entities for a in e.kind.attributes], ARC_ITEMS)
    items = []
    for index, (entity, attribute) in enumerate(facts):
        wanted = 3 if index % 300 == 17 else 5 if index % 300 == 170 else ARC_CHOICES
        count = min(wanted, len(attribute.values))
        items.append(arc_item(entity, attribute, rng, index % count, count, digits=index % 20 == 7))
    rng.shuffle(items)
    return items


def coqa_record(scene: Scene, index: int) -> dict:
    """One conversation in the official CoQA layout; spans point at the sentence that holds the answer."""

    def answer(turn: Turn, turn_id: int, text: str) -> dict:
        start = scene.story.index(turn.answer)
        return {
            "span_start": start,
            "span_end": start + len(turn.answer),
            "span_text": turn.answer,
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
            str(k): [answer(t, i, t.variants[k]) for i, t in numbered] for k in range(3)
        },
    }


def make_text(entities: list[Entity]) -> list[dict]:
    """Held-out running text: tales and pages of the field guide about two or three entities, in turn."""
    rng, documents = stream("text"), []
    for index in range(TEXT_DOCUMENTS):
        if index % 2:
            text = make_tale(rng)
        else:
            text = page(rng.sample(entities, 3), rng)
        documents.append({"id": f"text_{index:03d}", "text": text})
    return documents


def write_jsonl(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True, help="folder for the training text")
    parser.add_argument("--tasks", type=Path, required=True, help="folder for the task files")
    parser.add_argument("--per-kind", type=int, default=ENTITIES_PER_KIND, help="animals, plants and villages; more keep the first ones")
    arguments = parser.parse_args()
    for folder in (arguments.train, arguments.tasks):
        folder.mkdir(parents=True, exist_ok=True)

    entities = make_entities(arguments.per_kind)
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
    write_jsonl(arguments.train / "pages.jsonl", training_pages(entities, seen))
    write_jsonl(arguments.train / "questions.jsonl", training_questions(entities))
    stories = {s.story for s in scenes}
    write_jsonl(arguments.train / "scenes.jsonl", training_scenes(stories))
    write_jsonl(arguments.train / "retellings.jsonl", training_retellings())
    write_jsonl(arguments.train / "games.jsonl", training_games())
    guess = sum(1 / s.turns[-1].candidates for s in scenes) / len(scenes)
    print(f"mini_coqa: picking any sentence of the right form from the story is right {guess:.1%} of the time")


if __name__ == "__main__":
    main()
