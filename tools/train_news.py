"""Train nibble-news: a small GPT-2 with a classifier of four classes, on the news that make_news.py invents.

    python train_news.py --data DIR --tasks ../public/tasks --out ../public/models/nibble-news

The model is transformers' GPT2ForSequenceClassification; weights are saved in float32, as the
published classifiers of AG News are.
"""

import argparse
import csv
import platform
import random
import time
from pathlib import Path

import torch
import transformers
from tokenizers import __version__ as tokenizers_version
from train_tiny import END, END_ID, sha256, train_tokenizer, write_json
from transformers import GPT2Config, GPT2ForSequenceClassification

LABELS = ("World", "Sports", "Business", "Sci/Tech")
VOCAB = 768
EPOCHS = 4
BATCH = 64
LEARNING_RATE = 1e-3
SEED = 1


def read_items(path: Path) -> tuple[list[str], list[int]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [f"{title} {description}" for _, title, description in rows], [int(label) - 1 for label, *_ in rows]


def padded(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, padded on the right."""
    width = max(map(len, rows))
    ids = torch.tensor([row + [END_ID] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids, mask


@torch.no_grad()
def accuracy(model: GPT2ForSequenceClassification, rows: list[list[int]], labels: list[int]) -> float:
    model.eval()
    right = 0
    for begin in range(0, len(rows), 256):
        ids, mask = padded(rows[begin : begin + 256])
        right += (model(ids, attention_mask=mask).logits.argmax(-1) == torch.tensor(labels[begin : begin + 256])).sum().item()
    model.train()
    return right / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that make_news.py --train wrote")
    parser.add_argument("--tasks", type=Path, required=True, help="folder that make_news.py --tasks wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)

    texts, labels = read_items(arguments.data / "train_news.csv")
    test_texts, test_labels = read_items(arguments.tasks / "mini_news.csv")
    tokenizer = train_tokenizer(iter(texts), VOCAB)
    rows, test_rows = ([coding.ids for coding in tokenizer.encode_batch(t)] for t in (texts, test_texts))

    config = GPT2Config(
        vocab_size=VOCAB, n_positions=128, n_embd=96, n_layer=3, n_head=3,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=END_ID, eos_token_id=END_ID, pad_token_id=END_ID,
        num_labels=len(LABELS), id2label=dict(enumerate(LABELS)), label2id={name: i for i, name in enumerate(LABELS)},
    )  # fmt: skip
    model = GPT2ForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * (len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1, (step + 1) / 100) * (1 - step / steps))
    rng, begin = random.Random(SEED), time.monotonic()
    for epoch in range(EPOCHS):
        order = rng.sample(range(len(rows)), len(rows))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[at : at + BATCH]
            ids, mask = padded([rows[i] for i in batch])
            loss = model(ids, attention_mask=mask, labels=torch.tensor([labels[i] for i in batch])).loss
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1} loss {loss.item():.4f} accuracy {accuracy(model, test_rows, test_labels):.4f}", flush=True)

    model.save_pretrained(arguments.out)
    (arguments.out / "model.safetensors").chmod(0o644)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    write_json(
        arguments.out / "tokenizer_config.json",
        {
            "add_bos_token": False, "add_prefix_space": False, "bos_token": END, "eos_token": END, "pad_token": END,
            "clean_up_tokenization_spaces": False, "model_max_length": 128, "tokenizer_class": "PreTrainedTokenizerFast",
        },
    )  # fmt: skip
    write_json(
        arguments.out / "training.json",
        {
            "recipe": {"seed": SEED, "epochs": EPOCHS, "batch": BATCH, "learning_rate": LEARNING_RATE},
            "parameters": sum(weight.numel() for weight in model.parameters()),
            "minutes": round((time.monotonic() - begin) / 60, 1),
            "accuracy": accuracy(model, test_rows, test_labels),
            "data_sha256": sha256(arguments.data / "train_news.csv"),
            "versions": {
                "python": platform.python_version(), "torch": torch.__version__,
                "transformers": transformers.__version__, "tokenizers": tokenizers_version,
            },
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
