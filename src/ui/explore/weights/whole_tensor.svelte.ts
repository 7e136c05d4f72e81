import { toFailure, type Failure } from '../../../errors.ts';
import type { MeasureRequest } from '../../../lab/protocol.ts';
import type { MatrixReport } from '../../../gpu/matrix/measure_matrix.ts';
import { lab } from '../../page/lab.ts';

/** The errors the worker measured over all weights of a tensor, once it has. */
export class WholeTensor {
  #asked: MeasureRequest | undefined;
  #answered = $state.raw<{ request: MeasureRequest; answer: MatrixReport | Failure }>();

  /** The answer to exactly this request; undefined for one that differs in anything. */
  answerTo(request: MeasureRequest | undefined): MatrixReport | Failure | undefined {
    return request && this.#answered?.request === request ? this.#answered.answer : undefined;
  }

  async ask(request: MeasureRequest): Promise<void> {
    this.#asked = request;
    const answer = await lab.measureTensor(request).catch(toFailure);
    if (this.#asked === request) this.#answered = { request, answer };
  }
}
