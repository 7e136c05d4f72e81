import { LabError } from '../../errors.ts';
import { readQuantized, savedQuantType } from '../bitsandbytes_format.ts';
import type { SavedLayout } from './layout.ts';

/** What config.json says of a checkpoint that bitsandbytes quantized. */
export interface BitsAndBytesSettings {
  bits: 4 | 8;
  llm_int8_threshold: number;
}

/** bitsandbytes' layout: what a layer was quantized to stands in the names and the quant_state of its own tensors. */
export const bitsAndBytesLayout = ({ bits, llm_int8_threshold }: BitsAndBytesSettings): SavedLayout => ({
  tool: 'bitsandbytes',
  parts:
    /^(weight|weight\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.bitsandbytes__\w+)|SCB|weight_format)$/,
  warnings: [],
  isQuantized: (reader, name) => savedQuantType(reader, name) !== undefined,
  async storageOf(reader, name) {
    const quant_type = savedQuantType(reader, name)!;
    if ((quant_type === 'llm_int8') !== (bits === 8)) {
      throw new LabError(
        'bad-quant-state',
        `config.json says that bitsandbytes loads the checkpoint in ${bits} bit, but ${name} is stored as ${quant_type}.`,
      );
    }
    if (quant_type === 'llm_int8') return { quant_type, llm_int8_threshold };
    const state = await reader.read(`${name}.weight.quant_state.bitsandbytes__${quant_type}`);
    const { blocksize } = JSON.parse(new TextDecoder().decode(state)) as { blocksize: number };
    return { quant_type, blocksize, double_quant: reader.dtypeOf(`${name}.weight.absmax`) === 'U8' };
  },
  read: readQuantized,
});
