import { LabError } from '../../errors.ts';
import type { Activation } from '../../gpu/kernels/activate.ts';
import { shown, type Fields } from '../config_fields.ts';

/** What transformers computes under each name (activations.py); several are one function in other orders of rounding. */
const NAMES: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_python_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
  relu: 'relu',
  relu2: 'relu2',
  quick_gelu: 'quick_gelu',
};

/**
 * Reads an activation by any name that transformers has for it: `parseActivation(fields, 'hidden_act', 'silu')`.
 * @throws unsupported-architecture naming the field, its value and the names allowed.
 */
export function parseActivation(fields: Fields, field: string, missing: string): Activation {
  const name = shown(fields.get(field) ?? missing);
  if (Object.hasOwn(NAMES, name)) return NAMES[name]!;
  throw new LabError(
    'unsupported-architecture',
    `config.json: ${field} is ${name}; supported: ${Object.keys(NAMES).join(', ')}.`,
  );
}
