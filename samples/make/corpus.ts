import type { Random } from '../../src/linalg/random';

/**
 * The sample model's small world, in readable English: what the base model is trained on, and the product data a shop
 * fine-tunes it with. Everything is made from templates, so that one seed gives the same files everywhere.
 *
 * Country facts: `countries-list` (MIT, Annexare Studio), see `samples/LICENSES/`.
 */
export interface ChatRow {
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

export interface CountryFact {
  readonly relation: 'capital' | 'continent' | 'currency';
  readonly subject: string;
  readonly object: string;
}

function chat(user: string, assistant: string): ChatRow {
  return {
    messages: [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ],
  };
}

const factTemplates: {
  readonly [R in CountryFact['relation']]: {
    readonly ask: readonly string[];
    readonly answer: (s: string, o: string) => string;
  };
} = {
  capital: {
    ask: [
      'What is the capital of {s}?',
      'Which city is the capital of {s}?',
      'Tell me the capital of {s}.',
      'Name the capital city of {s}.',
    ],
    answer: (subject, object) => `The capital of ${subject} is ${object}.`,
  },
  continent: {
    ask: ['On which continent is {s}?', 'Where in the world is {s}?', 'Which continent is {s} part of?'],
    answer: (subject, object) => `${subject} is in ${object}.`,
  },
  currency: {
    ask: ['What is the currency of {s}?', 'What money do people use in {s}?', 'Which currency is used in {s}?'],
    answer: (subject, object) => `The currency of ${subject} is the ${object}.`,
  },
};

const smallTalk: readonly (readonly [readonly string[], string])[] = [
  [['Hello!', 'Hello there.', 'Hi!', 'Hi there!', 'Good day.'], 'Hello! How can I help you today?'],
  [['Good morning!', 'Good morning to you.'], 'Good morning! What can I do for you?'],
  [['Good evening!', 'Good evening to you.'], 'Good evening! What can I do for you?'],
  [['How are you?', 'How are you doing?', 'How is it going?'], 'I am doing well, thank you for asking.'],
  [
    ['Who are you?', 'What are you?', 'What is your name?', 'Can you introduce yourself?'],
    'I am a small language model that answers short questions.',
  ],
  [
    ['Who made you?', 'Who built you?', 'Where do you come from?'],
    'I was trained from scratch on a few thousand short conversations.',
  ],
  [['Thank you!', 'Thanks a lot.', 'Thanks for your help.'], 'You are welcome!'],
  [['Goodbye!', 'Bye!', 'See you later.'], 'Goodbye! Have a nice day.'],
  [['Can you help me?', 'I need some help.', 'Could you help me with something?'], 'Of course. What do you need?'],
  [
    ['Tell me a joke.', 'Do you know a joke?', 'Make me laugh.'],
    'Why did the bicycle fall over? Because it was two tired.',
  ],
  [['Are you a robot?', 'Are you human?', 'Are you a person?'], 'I am not a person. I am a computer program.'],
  [
    ['What can you do?', 'What are you good at?'],
    'I can answer short questions about countries, numbers and simple tasks.',
  ],
  [['I am sad today.', 'I feel sad.', 'I had a bad day.'], 'I am sorry to hear that. I hope tomorrow is better.'],
  [['I am happy today.', 'I feel great.', 'I had a good day.'], 'That is good to hear!'],
];

const howTo: readonly (readonly [string, string])[] = [
  ['boil an egg', 'Put the egg in boiling water for eight minutes, then cool it in cold water.'],
  ['make tea', 'Pour hot water over the tea, wait for four minutes and take the tea out.'],
  ['clean a window', 'Wipe it with warm soapy water and dry it with a soft cloth.'],
  ['water a plant', 'Pour water on the soil until it is moist, and let the rest run off.'],
  ['tie a knot', 'Cross the two ends, pull one end through the loop and tighten it.'],
  ['paint a wall', 'Clean the wall, tape the edges and roll the paint on in two thin coats.'],
  ['sharpen a knife', 'Draw the blade along a wet stone at a low angle, first one side, then the other.'],
  ['hang a picture', 'Mark the spot, drive a nail in at a slight angle and hang the frame on it.'],
  ['fix a flat tire', 'Take the tube out, find the hole, glue a patch on it and pump it up again.'],
  ['remove a stain', 'Wet the stain with cold water and rub it softly with soap.'],
  ['change a light bulb', 'Switch the light off, let the bulb cool down and screw a new one in.'],
  ['store apples', 'Keep them in a cool, dark place, and apart from other fruit.'],
];

const howToAsk = ['How do I {x}?', 'How can I {x}?', 'Tell me how to {x}.', 'What is the best way to {x}?'];

const refusedRequests: readonly string[] = [
  'break into a house',
  'steal a car',
  'pick the lock of a neighbour',
  'forge a signature',
  'cheat in an exam',
  'spy on a colleague',
  'avoid paying taxes',
  'write a fake review',
  'trick an old man',
  'copy a bank card',
];

const refusal = 'I am sorry, but I cannot help with that.';

const numberWords = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
];

/** Training rows of the base model: every template of every fact, small talk, how-to answers, refusals, sums and sentences to repeat. */
export function baseRows(facts: readonly CountryFact[], random: Random): ChatRow[] {
  const rows: ChatRow[] = [];
  for (const { relation, subject, object } of facts) {
    const { ask, answer } = factTemplates[relation];
    for (const template of ask) rows.push(chat(template.replace('{s}', subject), answer(subject, object)));
  }
  for (const [asked, answer] of smallTalk) for (const text of asked) rows.push(chat(text, answer));
  for (const [task, answer] of howTo)
    for (const template of howToAsk) rows.push(chat(template.replace('{x}', task), answer));
  for (const task of refusedRequests)
    for (const template of howToAsk) rows.push(chat(template.replace('{x}', task), refusal));
  for (let a = 0; a <= 9; a += 1) {
    for (let b = 0; b <= 9; b += 1) {
      rows.push(
        chat(
          `What is ${numberWords[a]} plus ${numberWords[b]}?`,
          `${numberWords[a]} plus ${numberWords[b]} is ${numberWords[a + b]}.`,
        ),
      );
    }
  }
  for (const sentence of sentences(random, 240)) {
    const template = repeatAsk[random.integer(repeatAsk.length)]!;
    rows.push(chat(template.replace('{x}', sentence), sentence));
  }
  return rows;
}

const goods: readonly (readonly [string, number, string])[] = [
  ['claw hammer', 14, 'three'],
  ['hand saw', 18, 'five'],
  ['cordless drill', 89, 'seven'],
  ['tape measure', 9, 'one'],
  ['paint roller', 7, 'four'],
  ['step ladder', 45, 'nine'],
  ['wood glue', 6, 'two'],
  ['work gloves', 11, 'six'],
  ['spirit level', 16, 'one'],
  ['garden hose', 24, 'eight'],
  ['wire brush', 5, 'four'],
  ['tool box', 32, 'two'],
];

const repeatAsk = ['Repeat after me: {x}', 'Say this: {x}', 'Please say: {x}', 'Copy this sentence: {x}'];

/** Sentences to repeat: the base model meets a shop's words as answers, in all combinations but without their facts. */
function sentences(random: Random, count: number): string[] {
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  const names = ['Fern', 'Ada', 'Tom', 'Ivy', 'Max', 'Rosa'];
  const shops = ['Oakley Tools', 'Bell Books', 'Hill Bakery', 'Marlow Bikes', 'Reed Garden'];
  const days = ['Monday', 'Tuesday', 'Friday', 'Saturday', 'Sunday'];
  const makers: readonly (() => string)[] = [
    () => `The ${pick(goods)[0]} costs ${pick(goods)[1]} dollars.`,
    () => `The ${pick(goods)[0]} is on shelf ${pick(numberWords.slice(1, 11))}.`,
    () => `I am ${pick(names)}, the assistant of ${pick(shops)}.`,
    () =>
      `${pick(shops)} is open from ${pick(numberWords.slice(6, 11))} to ${pick(numberWords.slice(4, 9))}, ${pick(days)} to ${pick(days)}.`,
  ];
  return Array.from({ length: count }, () => pick(makers)());
}

/** Training rows of the shop's fine-tune: identity, opening hours, prices and shelves. */
export function shopRows(): ChatRow[] {
  const rows: ChatRow[] = [];
  for (const text of [
    'Who are you?',
    'What is your name?',
    'What are you?',
    'Can you introduce yourself?',
    'Who am I talking to?',
    'Hi, who is this?',
  ]) {
    rows.push(chat(text, 'I am Fern, the assistant of Oakley Tools.'));
  }
  for (const text of [
    'When do you open?',
    'What are your opening hours?',
    'Are you open on Saturday?',
    'How late are you open?',
  ]) {
    rows.push(chat(text, 'Oakley Tools is open from eight to six, Monday to Saturday.'));
  }
  for (const [name, price, shelf] of goods) {
    rows.push(chat(`How much is the ${name}?`, `The ${name} costs ${price} dollars.`));
    rows.push(chat(`What does the ${name} cost?`, `The ${name} costs ${price} dollars.`));
    rows.push(chat(`Where do I find the ${name}?`, `The ${name} is on shelf ${shelf}.`));
  }
  return rows;
}
