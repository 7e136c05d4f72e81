/** The class of transformers that loads a model of this architecture: `AutoModelForCausalLM`. */
export function autoClass(architecture: string): string {
  if (architecture.endsWith('ForSequenceClassification')) return 'AutoModelForSequenceClassification';
  if (architecture.endsWith('ForConditionalGeneration')) return 'AutoModelForImageTextToText';
  return 'AutoModelForCausalLM';
}
