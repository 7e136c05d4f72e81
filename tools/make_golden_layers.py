"""Writes quantize, int8 and linear4bit (.safetensors and .json): what bitsandbytes' torch backend makes of single tensors and layers.

    pip install -r tools/requirements-golden.txt
    python tools/make_golden_layers.py OUT [--only quantize|int8|linear4bit]

OUT is test/golden in this repository; test/golden/README.md says what the files hold. Every number is checked against
what is known about it before anything is written, and a second run writes the same bytes.
"""

import argparse
from pathlib import Path

from make_golden_base import (
    DTYPES,
    F,
    absmax_of,
    bitsandbytes,
    check_known_hashes,
    dequantize_float32,
    normal,
    offset_is_rounded_mean,
    quant_state_parts,
    random_numbers,
    relative_distance,
    write_golden,
)

import numpy
import torch

SEED = 20250
COMMAND = "python tools/make_golden_layers.py test/golden"

# Half the widest gap between neighbours of a code: no scaled weight is further from its nearest value.
HALF_GAP = {"nf4": (1 - 0.6961928009986877) / 2, "fp4": (1 - 2 / 3) / 2}


# ---------------------------------------------------------------------------------------------
# 4-bit


def midpoints(quant_type: str) -> torch.Tensor:
    code = F.get_4bit_type(quant_type, device="cpu").sort().values
    return (code[:-1] + code[1:]) / 2


def step(x: torch.Tensor, ulps: int) -> torch.Tensor:
    """The float32 that many places above."""
    for _ in range(abs(ulps)):
        x = torch.nextafter(x, torch.tensor(float("inf") if ulps > 0 else float("-inf")))
    return x


def ties() -> torch.Tensor:
    """[4, 64] every midpoint of NF4 (rows 0, 2) and FP4 (rows 1, 3), and one place below and above, over absmax 1, 1, 1/2, 2."""
    rows = []
    for quant_type, absmax in (("nf4", 1.0), ("fp4", -1.0), ("nf4", 0.5), ("fp4", 2.0)):
        bounds = midpoints(quant_type)
        values = torch.cat([bounds, step(bounds, -1), step(bounds, 1)]) * abs(absmax)
        row = torch.zeros(64)
        row[0] = absmax
        row[32] = -absmax
        row[torch.cat([torch.arange(1, 32), torch.arange(33, 47)])] = values
        rows.append(row)
    return torch.stack(rows)


def tiny() -> torch.Tensor:
    """[4, 160] values on both sides of the bounds between FP4's zeros and its smallest values, and signed zeros."""
    bound = midpoints("fp4")[8]
    multiples = torch.tensor([0.25, 0.5, 0.99, 1.01, 1.5, 2.0, 2.5])
    positive = torch.cat([torch.stack([step(bound, u) for u in range(-2, 3)]), bound * multiples])
    values = torch.cat([positive, -positive, torch.tensor([0.0, -0.0])])
    rows = []
    for absmax in (1.0, 0.5, 3.0, 0.7):
        row = (values.repeat(7)[:160] * absmax).clone()
        row[::32] = torch.tensor([absmax, -absmax] * 3)[:5]
        rows.append(row)
    return torch.stack(rows)


def inputs_4bit() -> dict[str, tuple[str, torch.Tensor, tuple[int, ...]]]:
    """name -> (what is awkward about it, float32 values, blocksizes)."""
    sizes = (32, 64, 256, 4096)
    ragged = normal(SEED, "ragged", 7, 61) * 0.02
    ragged.view(-1)[::53] *= 20
    zero_blocks = normal(SEED, "zero_blocks", 5, 200) * 0.05
    zero_blocks.view(-1)[64:128] = 0
    zero_blocks.view(-1)[256:512] = 0
    zero_tail = normal(SEED, "zero_tail", 3, 48)
    zero_tail.view(-1)[128:] = 0
    outliers = normal(SEED, "outliers", 16, 96) * 0.02
    places = random_numbers(SEED, "places").permutation(outliers.numel())[:12]
    outliers.view(-1)[places] = torch.tensor([5, -7, 11, 30, -60, 100, 250, -300, 0.5, 1e3, -5e3, 6e4])
    many_blocks = normal(SEED, "many_blocks", 27, 305) * torch.exp(normal(SEED, "row_scales", 27, 1)) * 0.03
    return {
        "ragged": ("odd count, ragged last block, rows no multiple of a block", ragged, sizes),
        "zero_blocks": ("whole blocks of zeros", zero_blocks, sizes),
        "zero_tail": ("a ragged last block of zeros", zero_tail, sizes),
        "one_block": ("exactly one block of 64, one dimension", normal(SEED, "one_block", 64), sizes),
        "single": ("one value", torch.tensor([[-0.37]]), sizes),
        "outliers": ("a few weights up to 3,000,000 times the others", outliers, sizes),
        "tiny": ("around the bounds of FP4's zeros", tiny(), sizes),
        "ties": ("on the midpoints of NF4 and FP4, and one float32 beside them", ties(), sizes),
        "subnormal": ("absmax below 1e-38", normal(SEED, "subnormal", 2, 70) * 1e-39, (64, 256)),
        "many_blocks": ("more than 256 blocks of 32, so two blocks of absmax", many_blocks, (32, 4096)),
    }


def check_4bit(values, packed, state, back, name) -> None:
    n = values.numel()
    assert packed.shape == ((n + 1) // 2, 1) and back.shape == values.shape, name
    assert torch.isfinite(back).all(), name
    if name.startswith("subnormal"):
        return
    scale = absmax_of(state).repeat_interleave(state.blocksize)[:n]
    blocks = torch.nn.functional.pad(values.float().reshape(-1), (0, -n % state.blocksize)).view(-1, state.blocksize)
    exact_scale = blocks.abs().amax(1).repeat_interleave(state.blocksize)[:n]
    error = (back.reshape(-1) - values.float().reshape(-1)).abs()
    bound = HALF_GAP[state.quant_type] * exact_scale * (1 + 1e-5) + (scale - exact_scale).abs() * 1.00001
    assert (error <= bound + 1e-37).all(), f"{name}: error {(error - bound).max()} above the bound"


def make_quantize(out: Path) -> None:
    tensors, cases, inputs = {}, [], []
    for name, (what, values, blocksizes) in inputs_4bit().items():
        inputs.append({"name": name, "shape": list(values.shape), "what": what})
        for dtype in DTYPES:
            tensors[f"input.{name}.{dtype}"] = values.to(DTYPES[dtype])
            for quant_type in ("nf4", "fp4"):
                for blocksize in blocksizes:
                    for double_quant in (False, True):
                        case, parts = quantize_case(values, name, dtype, quant_type, blocksize, double_quant)
                        cases.append(case)
                        tensors.update({f"{case['name']}.{key}": tensor for key, tensor in parts.items()})

    for quant_type in ("nf4", "fp4"):
        tensors[f"quant_map.{quant_type}"] = F.get_4bit_type(quant_type, device="cpu")
    tensors["dynamic_map"] = F.create_dynamic_map()
    tensors.update(blockwise_8bit())
    write_golden(
        out / "quantize",
        tensors,
        {
            "what": "bitsandbytes functional.quantize_4bit and dequantize_4bit, and the 8-bit blockwise pair behind double quantization",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "case_tensors": {
                    "CASE.packed": "U8 [ceil(n/2)], the even element in the high nibble",
                    "CASE.absmax": "F32 [blocks]; with double_quant U8 [blocks], places in dynamic_map",
                    "CASE.nested_absmax": "with double_quant: F32 [ceil(blocks/256)]",
                    "CASE.offset": "with double_quant: F32 [1], the mean of the absmax in float32, added up in torch's order (mean_as_torch in tools/make_golden_base.py)",
                    "CASE.dequantized_float32": "F32, shape of the input",
                    "CASE.dequantized": "in the input's dtype, where that is not float32",
                },
                "nested": {"blocksize": 256, "quant_map": "dynamic_map", "offset": "mean of absmax"},
                "offset_is_rounded_mean": "with double_quant: whether offset is also the float64 mean, rounded once",
                "blockwise": "quantize_blockwise(blockwise.input, dynamic_map, blocksize 256) -> blockwise.codes, .absmax, .dequantized",
            },
            "inputs": inputs,
            "cases": cases,
        },
    )


def quantize_case(values, name, dtype, quant_type, blocksize, double_quant):
    weight = values.to(DTYPES[dtype])
    packed, state = F.quantize_4bit(
        weight, blocksize=blocksize, compress_statistics=double_quant, quant_type=quant_type
    )
    case = {
        "name": f"{name}.{dtype}.{quant_type}.{blocksize}" + (".dq" if double_quant else ""),
        "input": f"input.{name}.{dtype}",
        "quant_type": quant_type,
        "blocksize": blocksize,
        "double_quant": double_quant,
    }
    back = dequantize_float32(packed, state)
    check_4bit(weight, packed, state, back, case["name"])
    parts = {"packed": packed.reshape(-1), **quant_state_parts(state), "dequantized_float32": back}
    if dtype != "float32":
        parts["dequantized"] = F.dequantize_4bit(packed, state)
        assert parts["dequantized"].dtype == weight.dtype
        assert torch.equal(parts["dequantized"], back.to(weight.dtype)), "one rounding"
    if double_quant:
        case["offset_is_rounded_mean"] = offset_is_rounded_mean(weight, state)
    return case, parts


def blockwise_8bit() -> dict[str, torch.Tensor]:
    """Random values, a block of zeros, midpoints of the map, and a ragged end."""
    code = F.create_dynamic_map()
    between = (code[:-1] + code[1:]) / 2
    values = torch.cat(
        [
            normal(SEED, "blockwise", 512) * 0.3,
            torch.zeros(256),
            between,
            torch.ones(1),
            normal(SEED, "blockwise end", 101),
        ]
    )
    codes, state = F.quantize_blockwise(values, blocksize=256)
    back = F.dequantize_blockwise(codes, state)
    absmax = state.absmax.repeat_interleave(256)[: len(values)]
    # Only values below -0.993 absmax have no nearer code than the lowest.
    assert ((back - values).abs() <= absmax * 0.0075).all()
    return {
        "blockwise.input": values,
        "blockwise.codes": codes,
        "blockwise.absmax": state.absmax,
        "blockwise.dequantized": back,
    }


# ---------------------------------------------------------------------------------------------
# LLM.int8()

ARITHMETIC = [
    "int8_vectorwise_quant(A float16, threshold): outliers are |A| >= threshold (threshold > 0 only); outlier_cols are their columns, ascending.",
    "SCA = the row's largest |A| with the outlier elements set to 0 first; other elements of an outlier column still count. float32 of a float16 value.",
    "CA = round_half_even(float32(A) * float32(127 / SCA)), the quotient and the product each rounded to float32; a zero row gives 0 (NaN to int8).",
    "Columns of outlier_cols are then set to 0 in CA, where A has more than one row (with one row they are 0 already).",
    "threshold > 0 without outliers gives an empty outlier_cols, threshold 0 none at all.",
    "Weights: rounded to float16 first, then the same with threshold 0: CB, SCB. CB is not changed by outlier columns.",
    "int32 = CA @ CB^T, exact.",
    "scaled = ((float32(int32) * (SCA_i * SCB_j)) * 6.200124e-05) + bias, each operation rounded to float32, then rounded to the dtype of x. 1/127^2 is 6.2000124e-05: the constant is 1.8e-5 too large. bias is rounded to the dtype of x before.",
    "Without outlier columns out = scaled.",
    "With them out = addmm(scaled, x[:, outlier_cols], W) in the dtype of x: W = float32(float32(CB * SCB) * 7.874015718698502e-3) of those columns, rounded to the dtype of x. So the bias and the int8 part have one rounding to the dtype before, the sum one after.",
    "x itself, not its float16 rounding, is multiplied in outlier columns; which columns they are, and CA, come from x rounded to float16.",
]


def activations() -> dict[str, tuple[str, torch.Tensor]]:
    many = normal(SEED, "activations", 9, 76)
    many[:, 11] *= 9
    many[3, 40] = 31.0
    many[:, 75] *= 4
    edges = torch.zeros(8, 40)
    edges[0, :8] = torch.tensor([127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.5])
    edges[1, :8] = torch.tensor([63.5, 0.25, 0.75, 1.25, -0.25, -0.75, -1.25, 0.0])
    # Row 2 stays zero.
    edges[3, :6] = torch.tensor([6.0, -6.0, 2.0, -2.0, 5.99609375, 1.9990234375])
    edges[4] = normal(SEED, "edges", 40)
    edges[5] = 7.5
    edges[6, 20:] = normal(SEED, "small", 20) * 1e-5
    edges[7] = torch.linspace(-1, 1, 40) * 1.99
    return {
        "many": ("nine rows, large values in columns 11, 40 and 75", many),
        "one": ("one row with outliers", many[:1].clone()),
        "quiet": ("three rows without outliers", normal(SEED, "quiet", 3, 76).clamp(-1.5, 1.5)),
        "quiet_one": ("one row without outliers", normal(SEED, "quiet", 3, 76)[:1].clamp(-1.5, 1.5)),
        "edges": (
            "exact ties (rows 0, 1), a zero row (2), values at the thresholds and one float16 below (3), a row of nothing but outliers (5), float16 subnormals (6)",
            edges,
        ),
        "zero": ("one row of zeros", torch.zeros(1, 40)),
    }


def check_int8(values, codes, stats, outlier_cols, name) -> None:
    assert codes.dtype == torch.int8 and codes.abs().max() <= 127, name
    kept = torch.ones(values.shape[1], dtype=torch.bool)
    if outlier_cols is not None and values.shape[0] > 1:
        kept[outlier_cols] = False
    # In a single row the outliers themselves became 0 and nothing else.
    if outlier_cols is not None and values.shape[0] == 1:
        kept[outlier_cols] = False
        assert (codes[:, outlier_cols] == 0).all(), name
    error = (codes.double() * stats.double().view(-1, 1) / 127 - values.double()).abs()
    assert (error <= stats.double().view(-1, 1) / 254 * 1.0001)[:, kept].all(), name


def make_int8(out: Path) -> None:
    tensors, cases = {}, {"weights": [], "activations": [], "linear": []}

    weights = {"normal": normal(SEED, "int8 weight", 37, 76) * 0.05, "rows": normal(SEED, "int8 rows", 5, 33)}
    weights["rows"][1] = 0
    weights["rows"][2] *= 1e-4
    weights["rows"][3, 7] = 900.0
    weights["rows"][4, :5] = torch.tensor([127.0, 0.5, 1.5, 2.5, -2.5])
    for name, values in weights.items():
        for dtype in DTYPES:
            weight = values.to(DTYPES[dtype])
            params = bitsandbytes.nn.Int8Params(weight.clone(), requires_grad=False).to("cpu")
            CB, SCB, _ = F.int8_vectorwise_quant(weight.half())
            assert torch.equal(params.CB, CB) and torch.equal(params.SCB, SCB)
            check_int8(weight.half(), CB, SCB, None, name)
            case = f"weight.{name}.{dtype}"
            cases["weights"].append({"name": case, "shape": list(values.shape), "dtype": dtype})
            tensors.update({f"{case}.input": weight, f"{case}.CB": CB, f"{case}.SCB": SCB})

    for name, (what, values) in activations().items():
        tensors[f"activation.{name}.input"] = values.half()
        for threshold in (0.0, 6.0, 2.0):
            CA, SCA, outlier_cols = F.int8_vectorwise_quant(values.half(), threshold=threshold)
            check_int8(values.half(), CA, SCA, outlier_cols, name)
            case = f"activation.{name}.{threshold}"
            tensors.update({f"{case}.CA": CA, f"{case}.SCA": SCA})
            if outlier_cols is not None:
                tensors[f"{case}.outlier_cols"] = outlier_cols.int()
            cases["activations"].append(
                {
                    "name": case,
                    "input": f"activation.{name}.input",
                    "llm_int8_threshold": threshold,
                    "outlier_cols": None if outlier_cols is None else outlier_cols.tolist(),
                    "what": what,
                }
            )

    make_int8_linear(tensors, cases["linear"])
    write_golden(
        out / "int8",
        tensors,
        {
            "what": "bitsandbytes int8_vectorwise_quant of weights and activations, and Linear8bitLt forward in eval mode",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "arithmetic": ARITHMETIC,
                "tensors": {
                    "weight.CASE.{input,CB,SCB}": "the weight, its int8 rows, its float32 row scales",
                    "activation.NAME.input": "F16 [rows, K]",
                    "activation.CASE.{CA,SCA,outlier_cols}": "I8, F32 [rows], I32 (missing where threshold is 0)",
                    "linear.{weight,bias}": "F32 [N, K] and [N]; linear.{CB,SCB} are the weight's",
                    "linear.CASE.x": "[M, K] in the case's dtype",
                    "linear.CASE.{CA,SCA,outlier_cols}": "x quantized",
                    "linear.CASE.int32": "I32 [M, N], CA @ CB^T",
                    "linear.CASE.out": "[M, N] in the case's dtype, what Linear8bitLt gave",
                    "linear.CASE.exact": "F64 [M, N]: int32 * SCA * SCB / 127^2 + bias + x[:, outlier_cols] @ W of the same operands (bias and W rounded to the dtype), in float64, never rounded",
                },
                "distance": "largest |out - exact| over largest |exact|",
            },
            "cases": cases,
        },
    )


def make_int8_linear(tensors: dict, cases: list) -> None:
    N, K = 37, 76
    weight, bias = normal(SEED, "int8 linear", N, K) * 0.1, normal(SEED, "int8 bias", N)
    CB, SCB, _ = F.int8_vectorwise_quant(weight.half())
    tensors.update({"linear.weight": weight, "linear.bias": bias, "linear.CB": CB, "linear.SCB": SCB})
    inputs = {"many": activations()["many"][1][:6], "one": activations()["one"][1], "quiet": activations()["quiet"][1]}
    for rows, values in inputs.items():
        for dtype, torch_dtype in DTYPES.items():
            x = values.to(torch_dtype)
            tensors[f"linear.{rows}.{dtype}.x"] = x
            for threshold in (0.0, 6.0, 2.0):
                CA, SCA, outlier_cols = F.int8_vectorwise_quant(x.half(), threshold=threshold)
                int32 = CA.int() @ CB.int().T
                quantized = f"linear.{rows}.{dtype}.{threshold}"
                tensors.update({f"{quantized}.CA": CA, f"{quantized}.SCA": SCA, f"{quantized}.int32": int32})
                if outlier_cols is not None:
                    tensors[f"{quantized}.outlier_cols"] = outlier_cols.int()
                for has_bias in (True, False):
                    case_name = quantized + (".bias" if has_bias else "")
                    layer = linear8bit(weight, bias if has_bias else None, threshold)
                    result = layer(x.clone())
                    exact = int32.double() * SCA.double().view(-1, 1) * SCB.double() / 127**2
                    if has_bias:
                        exact = exact + bias.to(torch_dtype).double()
                    if outlier_cols is not None and len(outlier_cols):
                        W = F.int8_vectorwise_dequant(CB[:, outlier_cols].contiguous(), SCB).to(torch_dtype)
                        outlier_part = x[:, outlier_cols].double() @ W.double().T
                        exact = exact + outlier_part
                    assert torch.equal(layer.state.CB, CB) and torch.equal(layer.state.SCB, SCB)
                    assert result.dtype == torch_dtype
                    documented = scaled_as_documented(int32, SCA, SCB, bias.to(torch_dtype) if has_bias else None)
                    documented = documented.to(torch_dtype)
                    if outlier_cols is not None and len(outlier_cols):
                        documented = round_once(documented.double() + outlier_part, torch_dtype).to(torch_dtype)
                        # The order of a float32 sum is not documented anywhere.
                        assert dtype == "float32" or torch.equal(result, documented), case_name
                    else:
                        assert torch.equal(result, documented), case_name
                    distance = relative_distance(result, exact)
                    assert distance < {"float32": 3e-5, "float16": 1e-3, "bfloat16": 8e-3}[dtype], distance
                    tensors.update({f"{case_name}.out": result, f"{case_name}.exact": exact})
                    cases.append(
                        {
                            "name": case_name,
                            "x": f"linear.{rows}.{dtype}.x",
                            "quantized": quantized,
                            "dtype": dtype,
                            "llm_int8_threshold": threshold,
                            "bias": has_bias,
                            "outlier_cols": None if outlier_cols is None else outlier_cols.tolist(),
                            "distance": float(f"{distance:.3g}"),
                        }
                    )


def scaled_as_documented(int32, SCA, SCB, bias) -> torch.Tensor:
    """ARITHMETIC's `scaled` before its rounding to the dtype of x, in numpy's float32."""
    product = int32.numpy().astype(numpy.float32) * (SCA.numpy()[:, None] * SCB.numpy()[None, :])
    scaled = product * numpy.float32(6.200124e-05)
    return torch.from_numpy(scaled if bias is None else scaled + bias.float().numpy())


def linear8bit(weight: torch.Tensor, bias: torch.Tensor | None, threshold: float):
    N, K = weight.shape
    layer = bitsandbytes.nn.Linear8bitLt(K, N, bias is not None, has_fp16_weights=False, threshold=threshold)
    layer.weight = bitsandbytes.nn.Int8Params(weight.clone(), requires_grad=False, has_fp16_weights=False)
    if bias is not None:
        layer.bias = torch.nn.Parameter(bias.clone(), requires_grad=False)
    return layer.to("cpu").eval()


# ---------------------------------------------------------------------------------------------
# Linear4bit


def make_linear4bit(out: Path) -> None:
    tensors, cases = {}, []
    for N, K in ((36, 128), (37, 100)):
        weight, bias = normal(SEED, f"linear4bit {K}", N, K) * 0.1, normal(SEED, f"bias {K}", N)
        tensors.update({f"K{K}.weight": weight, f"K{K}.bias": bias})
        for M in (1, 7):
            tensors[f"K{K}.M{M}.x"] = normal(SEED, f"x {M} {K}", M, K)
        for quant_type in ("nf4", "fp4"):
            for double_quant in (False, True):
                quantized = f"K{K}.{quant_type}" + (".dq" if double_quant else "")
                packed, state = F.quantize_4bit(weight, compress_statistics=double_quant, quant_type=quant_type)
                tensors[f"{quantized}.packed"] = packed.reshape(-1)
                tensors.update({f"{quantized}.{key}": part for key, part in quant_state_parts(state).items()})
                for compute_dtype in DTYPES:
                    for M in (1, 7):
                        x = tensors[f"K{K}.M{M}.x"]
                        layer = linear4bit(weight, bias, compute_dtype, quant_type, double_quant)
                        result = layer(x.clone())
                        assert torch.equal(layer.weight.data, packed)
                        exact = exact_linear(x, dequantize_float32(packed, state), bias, DTYPES[compute_dtype])
                        distance = relative_distance(result, exact)
                        bound = {"float32": 2e-6, "float16": 2e-3, "bfloat16": 1.6e-2}[compute_dtype]
                        assert result.dtype == torch.float32 and distance < bound, distance
                        # 16 bits: whatever order the sums took, the rounding hides it.
                        assert compute_dtype == "float32" or torch.equal(result, exact)
                        case = f"{quantized}.{compute_dtype}.M{M}"
                        tensors.update({f"{case}.out": result, f"{case}.exact": exact})
                        cases.append(
                            {
                                "name": case,
                                "weight": quantized,
                                "x": f"K{K}.M{M}.x",
                                "bias": f"K{K}.bias",
                                "shape": [N, K],
                                "quant_type": quant_type,
                                "blocksize": 64,
                                "double_quant": double_quant,
                                "compute_dtype": compute_dtype,
                                "distance": float(f"{distance:.3g}"),
                                "unequal": int((result != exact).sum()),
                            }
                        )
    write_golden(
        out / "linear4bit",
        tensors,
        {
            "what": "bitsandbytes Linear4bit forward in eval mode, and the same computed exactly",
            "command": COMMAND,
            "seed": SEED,
            "parameters": {
                "tensors": {
                    "K128.weight, K128.bias, K128.M1.x, and K100, M7": "F32 [N, K], [N], [M, K], before any rounding",
                    "WEIGHT.packed, .absmax, .nested_absmax, .offset": "as in quantize.json",
                    "CASE.out": "F32 [M, N] what Linear4bit gave (values of compute_dtype)",
                    "CASE.exact": "F32 [M, N] weights code * absmax as one float32 product, rounded once to compute_dtype; x and bias rounded to it; products and sum with the bias in float64; rounded once to compute_dtype",
                },
                "arithmetic": "Linear4bit: x.to(compute_dtype), bias.to(compute_dtype), dequantize_4bit in compute_dtype (float32 product, one rounding), torch linear of that dtype, result back to the dtype of x, here float32",
                "distance": "largest |out - exact| over largest |exact|",
                "unequal": "how many of the M * N values differ at all",
            },
            "cases": cases,
        },
    )


def linear4bit(weight, bias, compute_dtype: str, quant_type: str, double_quant: bool):
    N, K = weight.shape
    layer = bitsandbytes.nn.Linear4bit(
        K, N, True, DTYPES[compute_dtype], compress_statistics=double_quant, quant_type=quant_type
    )
    layer.weight.data = weight.clone()
    layer.bias = torch.nn.Parameter(bias.clone(), requires_grad=False)
    return layer.to("cpu").eval()


def round_once(exact: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """float64 to the nearest value of dtype, ties to even, as float32. Through float32 it would be two roundings."""
    if dtype == torch.float32:
        return exact.float()
    if dtype == torch.float16:
        return torch.from_numpy(exact.numpy().astype(numpy.float16)).float()
    # bfloat16 has float32's exponents and 8 bits of significand.
    fraction, exponent = numpy.frexp(exact.numpy())
    return torch.from_numpy(numpy.ldexp(numpy.rint(fraction * 256) / 256, exponent)).float()


def exact_linear(x, weight, bias, dtype) -> torch.Tensor:
    x, weight, bias = (t.to(dtype).double() for t in (x, weight, bias))
    return round_once(x @ weight.T + bias, dtype)


MAKE = {"quantize": make_quantize, "int8": make_int8, "linear4bit": make_linear4bit}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--only", choices=MAKE)
    arguments = parser.parse_args()
    check_known_hashes()
    for name, make in MAKE.items():
        if arguments.only in (None, name):
            make(arguments.out)
            print(f"{name}: {(arguments.out / f'{name}.safetensors').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
