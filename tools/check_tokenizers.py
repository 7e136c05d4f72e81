"""What transformers' AutoTokenizer makes of many small tokenizers: ids, texts and special tokens.

    python check_tokenizers.py
    python check_tokenizers.py --vocab-files --first 30 --cases 16  # from vocab.json and merges.txt, without a tokenizer.json
    python check_tokenizers.py --first 1000 --cases 3000 --out /tmp/more  # other cases than the golden's

Writes test/golden/tokenizers/tokenizers.json, or vocab_files.json there: a few trained models, and seeded cases that put parts, added tokens,
settings and classes around them. A case that transformers refuses is left out; how many were is printed.
src/model/tokenizer/goldens.test.ts holds each case equal or refused. Versions are recorded in the file.
"""

import argparse
import copy
import json
import logging
import random
import tempfile
from pathlib import Path

import tokenizers
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

OUT = Path(__file__).parent.parent / "test" / "golden" / "tokenizers"
SPECIAL = ["<unk>", "<s>", "</s>", "<|endoftext|>", "<pad>"]
CORPUS = [
    "There is a house by the sea, and the sea's colour isn't grey: it is 1234 shades of blue!",
    "theres there, there! Hello, world: 12345 cats. don't can't we'll they're I'd I'm you've",
    "Der Fluß heißt Größe; où êtes-vous? naïve café, señor. Ὀδυσσεύς ΟΔΟΣ οδος",
    "def f(x):\n    return x + 1\n\n\nprint(f(10))  # 3.14 and 2,718,281\n\tend",
    "日本語のテキスト。中文文本 한국어 русский текст hello  two   three    spaces",
    "The sea is grey. The house is old. The cats are there and the cats hear the sea.",
]
TEXTS = [
    "",
    " ",
    "Hello, world: 12345 cats.",
    "There's a house by the sea; it isn't grey!",
    "theres there there-there _there there_ [X] there",
    "  leading and   inner    spaces  ",
    "line\nbreak\r\n\r\n  next\tend \n ",
    "It'S WE'LL we'ſ you'd 'tis 'K",
    "Größe naïve café cafe\u0301 A\u030a ﬁne ½ ² ٣ ⅷ 1,234.5",
    "ΟΔΟΣ οδος Σ ΑΣ. İstanbul",
    "日本語。中文!한국어 русский",
    "a\u00a0b\u2003c\u3000d\u0085e\u200bf\ufeffg \ufeff h\u2028i",
    "emoji 👩‍👩‍👧 🙂🙂 x",
    "<s>Hello</s> <|endoftext|>there<pad> <unk>",
    "a <extra> b<extra>c  <extra>  d",
    "x [X]y [x] Z[X]",
    "▁▁mark▁s <0x41> Ġtest",
    "control \x00\x07\x1f\x7f chars ~!@#$%^&*()_+`-={}|[]\\:\";'<>?,./",
    "12 123 1234 12345678 3.14",
    "<extra>",
    "word.Word?WORD!word,word ' word n't 's",
    "é\u0301e\u0301\u0301 \u0301x",
]


def train(kind):
    """A model of each kind, trained on the corpus."""
    common = {"special_tokens": SPECIAL, "show_progress": False}
    if kind == "bytes":
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=380, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **common
        )
    elif kind == "marks":  # SentencePiece's BPE with byte fallback, as Llama's and Gemma's
        t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
        bytes_ = [f"<0x{b:02X}>" for b in range(256)]
        trainer = trainers.BpeTrainer(
            vocab_size=430, special_tokens=SPECIAL + bytes_, limit_alphabet=60, show_progress=False
        )
    elif kind == "plain":  # characters, no bytes: unknown ones stay unknown
        t = Tokenizer(models.BPE(unk_token="<unk>"))
        t.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.BpeTrainer(vocab_size=160, limit_alphabet=50, **common)
    elif kind == "suffix":
        t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
        t.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.BpeTrainer(vocab_size=170, limit_alphabet=45, end_of_word_suffix="</w>", **common)
    elif kind == "prefix":
        t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"))
        t.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.BpeTrainer(
            vocab_size=190, limit_alphabet=45, continuing_subword_prefix="##", **common
        )
    elif kind == "unigram":
        t = Tokenizer(models.Unigram())
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=150, unk_token="<unk>", **common)
    elif kind == "pieces":
        t = Tokenizer(models.WordPiece(unk_token="<unk>"))
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=190, limit_alphabet=45, **common)
    else:
        t = Tokenizer(models.WordLevel(unk_token="<unk>"))
        t.pre_tokenizer = pre_tokenizers.Whitespace()
        trainer = trainers.WordLevelTrainer(vocab_size=70, **common)
    t.train_from_iterator(CORPUS, trainer)
    return json.loads(t.to_str())["model"]


def added(id_, content, **flags):
    token = {"id": id_, "content": content, "single_word": False, "lstrip": False, "rstrip": False}
    return {**token, "normalized": False, "special": True, **flags}


BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = [
    {"String": " "},
    {"String": "e"},
    {"String": "th"},
    {"Regex": r"\d{3}|\d+"},
    {"Regex": r"\s+"},
    {"Regex": r"\w+"},
    {"Regex": r"[^\s]+"},
    {"Regex": r"\p{L}+|\p{N}"},
    {"Regex": r"(?=[A-Z])"},
    {"Regex": r"(?<=\.)"},
    {"Regex": r"x*"},
    {"Regex": r"\p{P}|\p{S}"},
    {"Regex": r"[[:alpha:]]+"},
    {"Regex": r"\bthe"},
    {"Regex": r"\p{N}{1,3}+"},
    {"Regex": r"(?>t|th)e"},
    {"Regex": r"e.$"},
    {"Regex": r"^."},
    {"Regex": r"\h+"},
    {"Regex": r"(?i:the|sea)"},
    {"Regex": r"[a-z&&[^e]]+"},
    {"Regex": r"\p{Han}+"},
    {"Regex": r" ?[^(\s|[.,!?…。，、।۔،])]+"},
    {"Regex": LLAMA3},
    {"Regex": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"},
    {"Regex": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
    {"Regex": r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
    {"Regex": r"[一-龥぀-ゟ゠-ヿ]+"},
    {"Regex": r"[0-9][0-9][0-9]"},
    {"Regex": r"\s?[!-/:-~！-／：-～‘-‟　-。]+"},
    {"Regex": r"\p{N}{1,3}(?=(?:\p{N}{3})*\b)"},
]


def byte_level(r):
    return {"type": "ByteLevel", "add_prefix_space": r.random() < 0.3, "trim_offsets": True, "use_regex": r.random() < 0.6}


def a_split(r):
    return {
        "type": "Split",
        "pattern": r.choice(PATTERNS),
        "behavior": r.choice(BEHAVIORS),
        "invert": r.random() < 0.3,
    }


def metaspace(r):
    return {
        "type": "Metaspace",
        "replacement": "▁",
        "prepend_scheme": r.choice(["always", "first", "never"]),
        "split": r.random() < 0.5,
    }


def a_word_cut(r):
    return r.choice(
        [
            lambda: a_split(r),
            lambda: a_split(r),
            lambda: {"type": "Digits", "individual_digits": r.random() < 0.5},
            lambda: {"type": "Punctuation", "behavior": r.choice(BEHAVIORS)},
            lambda: {"type": "Whitespace"},
            lambda: {"type": "WhitespaceSplit"},
            lambda: {"type": "BertPreTokenizer"},
            lambda: {"type": "FixedLength", "length": r.randint(1, 6)},
            lambda: {"type": "CharDelimiterSplit", "delimiter": r.choice(" e,")},
        ]
        + [lambda: {"type": "UnicodeScripts"}] * (r.random() < 0.1)
    )()


def cuts(r, kind):
    parts = [a_word_cut(r) for _ in range(r.randint(0, 2))]
    if kind == "bytes":
        parts.append(byte_level(r))
    elif kind in ("marks", "unigram"):
        parts.insert(0 if r.random() < 0.8 else len(parts), metaspace(r))
    elif not parts:
        parts.append(r.choice([{"type": "Whitespace"}, {"type": "BertPreTokenizer"}]))
    return parts[0] if len(parts) == 1 else {"type": "Sequence", "pretokenizers": parts}


BERT = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": True,
}


def a_normalizer(r):
    return r.choice(
        [
            {"type": "NFC"},
            {"type": "NFD"},
            {"type": "NFKC"},
            {"type": "NFKD"},
            {"type": "Lowercase"},
            {"type": "StripAccents"},
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Replace", "pattern": {"Regex": r"[aeiou]"}, "content": ""},
            {"type": "Strip", "strip_left": True, "strip_right": r.random() < 0.5},
            {"type": "Strip", "strip_left": False, "strip_right": True},
        ]
        + [{"type": "Nmt"}, BERT] * (r.random() < 0.1)
    )


def a_normalizer_or_none(r):
    parts = [a_normalizer(r) for _ in range(r.choice([0, 0, 1, 1, 2]))]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"type": "Sequence", "normalizers": parts}


def a_decoder(r, kind):
    replace = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = {"type": "Strip", "content": " ", "start": r.randint(0, 2), "stop": 0}
    spm = {"type": "Sequence", "decoders": [replace, {"type": "ByteFallback"}, {"type": "Fuse"}, strip]}
    meta = {**metaspace(r), "type": "Metaspace"}
    usual = {
        "bytes": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "marks": spm,
        "unigram": meta,
        "suffix": {"type": "BPEDecoder", "suffix": "</w>"},
        "pieces": {"type": "WordPiece", "prefix": "##", "cleanup": r.random() < 0.5},
        "prefix": {"type": "WordPiece", "prefix": "##", "cleanup": False},
    }.get(kind)
    if r.random() < 0.8:
        return usual
    return r.choice([None, spm, meta, {"type": "Fuse"}, {"type": "ByteFallback"}, usual])


def a_post_processor(r, ids):
    template = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            "<s>": {"id": "<s>", "ids": [ids["<s>"]], "tokens": ["<s>"]},
            "</s>": {"id": "</s>", "ids": [ids["</s>"]], "tokens": ["</s>"]},
        },
    }
    if r.random() < 0.3:
        template["single"].append({"SpecialToken": {"id": "</s>", "type_id": 0}})
    byte = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    return r.choice(
        [
            None,
            None,
            byte,
            template,
            template,
            {"type": "Sequence", "processors": [byte, template]},
            {"type": "BertProcessing", "sep": ["</s>", ids["</s>"]], "cls": ["<s>", ids["<s>"]]},
        ]
    )


def random_added(r, size):
    """The special tokens of the vocabulary, and some with flags."""
    flag = lambda share=0.35: r.random() < share  # noqa: E731
    tokens = [added(i, content) for i, content in enumerate(SPECIAL) if content == "<s>" or flag(0.85)]
    extras = [("<extra>", False), ("there", False), ("[X]", True), ("sea", True), ("  ", False), ("cat", False)]
    for content, normalized in r.sample(extras, r.choice([0, 0, 1, 2, 3])):
        tokens.append(
            added(
                size + len(tokens),
                content,
                single_word=flag(),
                lstrip=flag(),
                rstrip=flag(),
                normalized=normalized if flag(0.7) else not normalized,
                special=flag(0.4),
            )
        )
    return tokens


CLASSES = [None, "PreTrainedTokenizerFast", "TokenizersBackend", "GPT2Tokenizer", "GPT2TokenizerFast", "LlamaTokenizer"]
CLASSES += ["LlamaTokenizerFast", "Qwen2Tokenizer", "Qwen2TokenizerFast", "GemmaTokenizer", "CohereTokenizer"]
CLASSES += ["GPTNeoXTokenizerFast", "CodeGenTokenizer", "Qwen3_5Tokenizer", "BloomTokenizerFast", "T5Tokenizer"]
TYPES = ["llama", "gpt2", "qwen2", "qwen3", "mistral", "gemma", "gemma2", "gemma3_text", "cohere", "cohere2"]
TYPES += ["gpt_neox", "olmo", "olmo2", "olmo3", "opt", "phi", "phi3", "starcoder2", "stablelm", "granite", "smollm3"]
TYPES += ["glm4", "ernie4_5", "helium", "exaone4", "arcee", "seed_oss", "hunyuan_v1_dense", "ministral", "qwen3_5_text"]


def settings(r, classes, tokens):
    """tokenizer_config.json, special_tokens_map.json and added_tokens.json, or none of a kind."""
    config = {"model_max_length": 512}
    if classes:
        name = r.choice(classes)
        if name:
            config["tokenizer_class"] = name
    wrap = lambda t: r.choice(  # noqa: E731
        [t, t, {"__type": "AddedToken", **{k: v for k, v in added(0, t).items() if k != "id"}}]
    )
    if r.random() < 0.8:
        config["eos_token"] = "</s>"
    for key, content in [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>")]:
        chance = r.random()
        if chance < 0.6:
            config[key] = wrap(content)
        elif chance < 0.7:
            config[key] = None
        elif chance < 0.75:
            config[key] = "<new>"
    for key in ("add_bos_token", "add_eos_token"):
        if r.random() < 0.4:
            config[key] = r.random() < 0.5
    if r.random() < 0.3:
        config["add_prefix_space"] = r.choice([True, True, True, False, False, None])
    if r.random() < 0.3:
        config["legacy"] = r.choice([True, True, False, None])
    if r.random() < 0.4:
        config["clean_up_tokenization_spaces"] = r.random() < 0.8
    if r.random() < 0.1:
        config["clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"] = True
    if r.random() < 0.08:
        config["split_special_tokens"] = True
    if r.random() < 0.2:
        config["image_token"] = "<image>"
    if r.random() < 0.25:
        config[r.choice(["additional_special_tokens", "extra_special_tokens"])] = ["<extra>", "sea"]
    if r.random() < 0.08:
        config["extra_special_tokens"] = {"audio_token": "[X]"}
    files = {"tokenizer_config": config}
    if r.random() < 0.35:
        decoder = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in tokens}
        if r.random() < 0.3 and decoder:
            decoder[r.choice(list(decoder))]["lstrip"] = True
        if r.random() < 0.3:
            decoder["900"] = {k: v for k, v in added(0, "[NEW]", special=False).items() if k != "id"}
        config["added_tokens_decoder"] = decoder
    if r.random() < 0.3:
        named = {"content": "<|endoftext|>", "lstrip": r.random() < 0.3, "normalized": r.random() < 0.5}
        named |= {"rstrip": False, "single_word": False}
        files["special_tokens_map"] = {"bos_token": named, "eos_token": r.choice(["</s>", "<|endoftext|>"])}
        if r.random() < 0.4:
            files["special_tokens_map"]["additional_special_tokens"] = ["<extra>", "cat"]
    if r.random() < 0.1:
        files["added_tokens"] = {"<late>": 700, "house": 701}
    if r.random() < 0.08:
        del files["tokenizer_config"]
    return files


# Those that transformers reads from vocab.json and merges.txt.
FROM_VOCAB = ["GPT2Tokenizer", "GPT2TokenizerFast", "CodeGenTokenizer", "GPTNeoXTokenizerFast", "Qwen2Tokenizer"]
FROM_VOCAB += ["Qwen3_5Tokenizer"] + [None] * 5
FROM_VOCAB_TYPES = ["gpt2", "opt", "opt", "phi", "starcoder2", "gpt_neox", "qwen2", "qwen3", "olmo", "gpt_neo"]


def make_vocab_case(r, base):
    files = settings(r, FROM_VOCAB, random_added(r, len(base["vocab"])))
    return {"kind": "vocab files", "model": "bytes", **files, "config": {"model_type": r.choice(FROM_VOCAB_TYPES)}}


def make_case(r, kind, base):
    size = len(base["vocab"])
    ids = {t: (base["vocab"][t] if isinstance(base["vocab"], dict) else i) for i, t in enumerate(SPECIAL)}
    tokens = random_added(r, size)
    by_class = kind in ("bytes", "marks") and r.random() < 0.6
    model = {"base": kind}
    if r.random() < 0.25 and kind in ("bytes", "marks", "plain"):
        model |= {"ignore_merges": r.random() < 0.5, "fuse_unk": r.random() < 0.5, "byte_fallback": r.random() < 0.5}
    if kind == "unigram" and r.random() < 0.3:
        model["byte_fallback"] = True
    file = {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
        if r.random() < 0.1
        else None,
        "padding": {
            "strategy": "BatchLongest",
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 4,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        }
        if r.random() < 0.1
        else None,
        "added_tokens": tokens,
        "normalizer": None if by_class else a_normalizer_or_none(r),
        "pre_tokenizer": cuts(r, kind),
        "post_processor": a_post_processor(r, ids),
        "decoder": a_decoder(r, kind),
        "model": model,
    }
    usual = {"bytes": [c for c in CLASSES if c not in ("T5Tokenizer", "GemmaTokenizer")], "marks": CLASSES}
    files = settings(r, usual[kind] if by_class else ["PreTrainedTokenizerFast"], tokens)
    config = {"model_type": r.choice(TYPES) if by_class else "llama"}
    if by_class and r.random() < 0.1:
        config["tokenizer_class"] = r.choice(["GPT2Tokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast"])
    return {"kind": kind, "tokenizer": file, **files, "config": config}


def written(case, bases):
    """The case's files as they lie in a folder."""
    if case["kind"] == "vocab files":
        files = {"vocab": bases["bytes"]["vocab"], "config": case["config"]}
    else:
        model = dict(case["tokenizer"]["model"])
        model = {**bases[model.pop("base")], **model}
        files = {"tokenizer": {**case["tokenizer"], "model": model}, "config": case["config"]}
    files |= {name: case[name] for name in ("tokenizer_config", "special_tokens_map", "added_tokens") if name in case}
    return files


def merges_of(model):
    """The text of merges.txt as GPT-2's has it."""
    return "\n".join(["#version: 0.2", *(" ".join(merge) for merge in model["merges"])]) + "\n"


def ask(case, bases, r):
    """Ids, texts and special tokens of a case by transformers."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in written(case, bases).items():
            (Path(folder) / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False))
        if case["kind"] == "vocab files":
            (Path(folder) / "merges.txt").write_text(merges_of(bases["bytes"]))
        tokenizer = AutoTokenizer.from_pretrained(folder)
    encode = lambda text, **how: tokenizer.encode(text, **how)  # noqa: E731
    ids = [encode(text) for text in TEXTS]
    plain = [encode(text, add_special_tokens=False) for text in TEXTS]
    size = len(tokenizer)
    drawn = [[r.randrange(size) for _ in range(r.randint(1, 12))] for _ in range(6)]
    token = lambda name: None if getattr(tokenizer, name) is None else getattr(tokenizer, f"{name}_id")  # noqa: E731
    return {
        "class": type(tokenizer).__name__,
        "bos": token("bos_token"),
        "eos": token("eos_token"),
        "ids": ids,
        "plain": [a if a != b else 0 for a, b in zip(plain, ids)],
        "decoded": [tokenizer.decode(i, skip_special_tokens=True) for i in ids],
        "drawn": [[i, tokenizer.decode(i, skip_special_tokens=True)] for i in drawn],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--cases", type=int, default=280)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--vocab-files", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    all_kinds = ("bytes", "marks", "plain", "suffix", "prefix", "unigram", "pieces", "words")
    bases = {k: train(k) for k in (("bytes",) if asked.vocab_files else all_kinds)}
    kinds = ["bytes"] * 6 + ["marks"] * 4 + ["unigram"] * 2 + ["plain", "suffix", "prefix", "pieces", "words"]
    cases, refused = [], {}
    for seed in range(asked.first, asked.first + asked.cases):
        r = random.Random(seed)
        kind = kinds[seed % len(kinds)]
        case = make_vocab_case(r, bases["bytes"]) if asked.vocab_files else make_case(r, kind, bases[kind])
        try:
            cases.append({"seed": seed, **case, "right": ask(copy.deepcopy(case), bases, r)})
        except BaseException as error:  # what Rust panics with is no Exception
            if isinstance(error, KeyboardInterrupt):
                raise
            reason = f"{type(error).__name__}: {str(error)[:70]}"
            refused[reason] = refused.get(reason, 0) + 1
    versions = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__}
    asked.out.mkdir(parents=True, exist_ok=True)
    golden = {"versions": versions, "texts": TEXTS, "models": bases, "cases": cases}
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in golden.items() if k != "cases")
    rows = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    name = "vocab_files.json" if asked.vocab_files else "tokenizers.json"
    (asked.out / name).write_text(f'{{{lines},\n"cases": [\n{rows}\n]}}\n')
    print(f"{len(cases)} cases, {sum(refused.values())} that transformers refuses:")
    for reason, count in sorted(refused.items(), key=lambda item: -item[1]):
        print(f"  {count} {reason}")


if __name__ == "__main__":
    main()
