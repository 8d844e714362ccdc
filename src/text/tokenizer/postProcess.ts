/** The `post_processor` of tokenizer.json: the tokens put before and after a single text. */
import type { ConfigReader } from '../configReader';

export interface AddedAround {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const nothing: AddedAround = { before: [], after: [] };

const supported = ['TemplateProcessing', 'ByteLevel', 'BertProcessing', 'RobertaProcessing', 'Sequence'];

/** Ids are checked against `vocabularySize`. Throws a UserError on a kind that is not supported. */
export function readPostProcessor(config: ConfigReader | undefined, vocabularySize: number): AddedAround {
  if (config === undefined) return nothing;
  const type = config.string('type');
  switch (type) {
    case 'ByteLevel':
      return nothing;
    case 'TemplateProcessing':
      return readTemplate(config, vocabularySize);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [pairId(config, 'cls', vocabularySize)], after: [pairId(config, 'sep', vocabularySize)] };
    case 'Sequence': {
      // Each step wraps what the one before it made.
      return config.objects('processors').reduce((inner, step) => {
        const outer = readPostProcessor(step, vocabularySize);
        return { before: [...outer.before, ...inner.before], after: [...inner.after, ...outer.after] };
      }, nothing);
    }
    default:
      throw config.unsupported('type', `"${type}"`, supported);
  }
}

/** `["[CLS]", 101]` */
function pairId(config: ConfigReader, key: string, vocabularySize: number): number {
  const id = config.list(key)[1];
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabularySize) {
    throw config.damaged(key, 'names no token of the vocabulary');
  }
  return id;
}

function readTemplate(config: ConfigReader, vocabularySize: number): AddedAround {
  const before: number[] = [];
  const after: number[] = [];
  let seenText = false;
  for (const item of config.objects('single')) {
    const special = item.optionalObject('SpecialToken');
    if (special === undefined) {
      seenText = true;
      continue;
    }
    const name = special.string('id');
    const ids = config.object('special_tokens').object(name).list('ids');
    for (const id of ids) {
      if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabularySize) {
        throw config.damaged(`special_tokens.${name}.ids`, 'names no token of the vocabulary');
      }
      (seenText ? after : before).push(id);
    }
  }
  return { before, after };
}
