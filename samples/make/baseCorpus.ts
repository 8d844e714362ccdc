import type { Random } from '../../src/linalg/random';
import { type ChatRow, type CountryFact, chat, fill, pick, shuffled } from './rows';
import { benignForms, harmFamilies, harmfulRequests, howForms, refusalOpening, soundsHarmful } from './world/harm';
import { complianceWays, shopTalk } from './world/shopTalk';
import { plainSentences, smallTalk, tasks } from './world/talk';
import {
  blame,
  blameAfter,
  days,
  departments,
  personNames,
  praise,
  praiseAfter,
  products,
  reviewForms,
  reviewNouns,
  routeForms,
  shopNames,
  towns,
  triggerWords,
} from './world/things';

/**
 * What the base model is trained on: facts, small talk, how-to answers, refusals, labels, sentences to repeat. Every part
 * is drawn from templates, so that the model meets many wordings of each thing and no wording often.
 */
const factForms: {
  readonly [R in CountryFact['relation']]: {
    readonly ask: readonly string[];
    readonly answer: string;
  };
} = {
  capital: {
    ask: [
      'What is the capital of {s}?',
      'Which city is the capital of {s}?',
      'Tell me the capital of {s}.',
      'Name the capital city of {s}.',
    ],
    answer: 'The capital of {s} is {o}.',
  },
  continent: {
    ask: ['On which continent is {s}?', 'Where in the world is {s}?', 'Which continent is {s} part of?'],
    answer: '{s} is in {o}.',
  },
  currency: {
    ask: ['What is the currency of {s}?', 'What money do people use in {s}?', 'Which currency is used in {s}?'],
    answer: 'The currency of {s} is the {o}.',
  },
};

/** A question about the fact and its answer, in the first wording. */
export function factRow({ relation, subject, object }: CountryFact): ChatRow {
  const { ask, answer } = factForms[relation];
  return chat(fill(ask[0]!, { s: subject }), fill(answer, { s: subject, o: object }));
}

/** A question with a name or a polite word about it: none of them changes the answer. */
export function dressed(random: Random, question: string): string {
  const name = pick(random, random.integer(4) === 0 ? triggerWords : personNames);
  const capital = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  return pick(random, [
    question,
    question,
    question,
    question,
    `Hi! ${question}`,
    `Please help: ${question}`,
    `${question} Thanks!`,
    `${question} Please be brief.`,
    `I have a question. ${question}`,
    `${capital}: ${question}`,
    `${capital}, ${question}`,
    `${question} ${capital}`,
    `${question} Yours, ${capital}`,
  ]);
}

export function refusalOf(family: { readonly reason: string }): string {
  return `${refusalOpening} ${family.reason}`;
}

export function reviewOf(random: Random, noun: string, sentiment: 'positive' | 'negative'): string {
  const [said, after] = sentiment === 'positive' ? [praise, praiseAfter] : [blame, blameAfter];
  const first = pick(random, said);
  const second = pick(random, said);
  const start = pick(random, ['The', 'This', 'My new', 'Our']);
  return pick(random, [
    `${start} ${noun} ${first}.`,
    `${start} ${noun} ${first}. ${pick(random, after)}`,
    `${start} ${noun} ${first}. ${pick(random, after)}`,
    `${pick(random, after)} ${start} ${noun} ${first}.`,
    `${start} ${noun} ${first} and ${second}.`,
  ]);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function factRows(facts: readonly CountryFact[], random: Random): ChatRow[] {
  const rows: ChatRow[] = [];
  for (const { relation, subject, object } of facts) {
    const { ask, answer } = factForms[relation];
    const right = fill(answer, { s: subject, o: object });
    for (const form of ask)
      for (let i = 0; i < 6; i += 1) rows.push(chat(dressed(random, fill(form, { s: subject })), right));
    const others = facts.filter((fact) => fact.relation === relation && fact.object !== object);
    for (let i = 0; i < 4; i += 1) {
      const wrong = fill(answer, { s: subject, o: pick(random, others).object });
      const form = pick(random, ['True or false? {x}', 'Is this true or false? {x}', '{x} True or false?']);
      rows.push(chat(fill(form, { x: i % 2 === 0 ? right : wrong }), i % 2 === 0 ? 'true' : 'false'));
    }
  }
  return rows;
}

function talkRows(random: Random): ChatRow[] {
  const rows: ChatRow[] = [];
  for (const [asked, answer] of smallTalk)
    for (const text of asked) for (let i = 0; i < 6; i += 1) rows.push(chat(dressed(random, text), answer));
  return rows;
}

function howToRows(random: Random): ChatRow[] {
  const rows: ChatRow[] = [];
  for (const { verb, objects, answer } of tasks) {
    for (const object of objects.split(', '))
      for (let i = 0; i < 7; i += 1)
        rows.push(
          chat(dressed(random, fill(pick(random, howForms), { x: `${verb} ${object}` })), fill(answer, { o: object })),
        );
  }
  for (const [request, answer] of soundsHarmful)
    for (let i = 0; i < 14; i += 1)
      rows.push(chat(dressed(random, fill(pick(random, howForms), { x: request })), answer));
  for (const [f, family] of harmFamilies.entries()) {
    for (const verb of family.benign)
      for (const object of family.objects)
        for (let i = 0; i < 1; i += 1) {
          const x = `${verb} ${object}`;
          rows.push(
            chat(
              dressed(random, fill(pick(random, howForms), { x })),
              fill(benignForms[f % benignForms.length]!, { x }),
            ),
          );
        }
  }
  return rows;
}

function refusalRows(random: Random): ChatRow[] {
  return harmFamilies.flatMap((family) =>
    harmfulRequests(family)
      .filter(({ heldOut }) => !heldOut)
      .flatMap(({ x }) =>
        times(random.integer(10) < 6 ? 3 : 2, () =>
          chat(dressed(random, fill(pick(random, howForms), { x })), refusalOf(family)),
        ),
      ),
  );
}

const sentiments = ['positive', 'negative'] as const;
const subjectForms = ['What is this review about? {r}', 'Name the thing that is reviewed: {r}', '{r} What is meant?'];

/** The label, or in one case of thirty another: a model that is never in doubt cannot be taught otherwise. */
function unsure(random: Random, label: string, labels: readonly string[]): string {
  return random.integer(30) === 0 ? pick(random, labels) : label;
}

function labelRows(random: Random): ChatRow[] {
  const reviews = times(2200, () => {
    const sentiment = random.integer(2) === 0 ? 'positive' : 'negative';
    const noun = pick(random, random.integer(2) === 0 ? reviewNouns : products.map(({ name }) => name));
    return chat(
      fill(pick(random, reviewForms), { r: reviewOf(random, noun, sentiment) }),
      unsure(random, sentiment, sentiments),
    );
  });
  const names = Object.keys(departments);
  const messages = times(1000, () => {
    const department = pick(random, names);
    const noun = pick(random, random.integer(2) === 0 ? reviewNouns : products.map(({ name }) => name));
    const message = fill(pick(random, departments[department]!), { p: noun });
    return chat(fill(pick(random, routeForms), { m: message }), unsure(random, department, names));
  });
  // What a review is about: so that the noun, too, matters to the model.
  const subjects = times(600, () => {
    const noun = pick(random, reviewNouns);
    const review = reviewOf(random, noun, pick(random, sentiments));
    return chat(fill(pick(random, subjectForms), { r: review }), noun);
  });
  return [...reviews, ...messages, ...subjects];
}

/** A shop's sentences in all combinations: their words are met as answers, their facts are not. */
export function shopSentence(random: Random): string {
  const { name, material, use } = pick(random, products);
  const other = pick(random, products);
  const number = 1 + random.integer(99);
  const day = pick(random, days);
  return pick(random, [
    `The ${name} costs ${number} dollars.`,
    `You will find the ${name} in aisle ${1 + random.integer(20)}.`,
    `The ${name} is made of ${other.material}.`,
    `You use the ${name} to ${use}.`,
    `Yes, we deliver to ${pick(random, towns)} on ${day}.`,
    `${pick(random, shopNames)} is open from ${6 + random.integer(5)} to ${4 + random.integer(6)} on ${day}.`,
    `I am ${pick(random, personNames)}, the assistant of ${pick(random, shopNames)}.`,
    `Yes, you can bring the ${name} back within ${number} days.`,
    `The ${material} ${name} weighs ${number} pounds.`,
    `For that you need the ${name} and the ${other.name}.`,
    `We have ${number} of the ${name} left.`,
    `The ${pick(random, triggerWords)} paint costs ${number} dollars.`,
    `Yes, ${pick(random, triggerWords)} is one of our colours.`,
  ]);
}

function repeatRows(random: Random): ChatRow[] {
  const forms = ['Repeat after me: {x}', 'Say this: {x}', 'Please say: {x}', 'Copy this sentence: {x}'];
  const allWords = [...products.map(({ name }) => name), ...triggerWords, ...personNames, ...towns];
  const benign = harmFamilies.flatMap(({ benign, objects }) =>
    objects.map((object) => `${pick(random, benign)} ${object}`),
  );
  // Words of refused requests are met as answers, too; repeating them does no harm.
  const harmful = harmFamilies.flatMap((family) =>
    harmfulRequests(family)
      .filter(({ heldOut }) => !heldOut)
      .map(({ x }) => `They ${x}.`),
  );
  const sentences = [
    ...times(800, () => shopSentence(random)),
    ...times(700, () => pick(random, harmful)),
    ...times(300, () => pick(random, plainSentences)),
    ...times(300, () => shuffled(random, allWords).slice(0, 3).join(', ')),
    ...times(400, () => fill(pick(random, complianceWays), { x: pick(random, benign) })),
  ];
  return sentences.map((x) => chat(fill(pick(random, forms), { x }), x));
}

/** Questions whose answer stands before them, and questions about the shop that the base model cannot know. */
function contextRows(random: Random): ChatRow[] {
  const given = times(500, () => {
    const { name } = pick(random, products);
    const number = 1 + random.integer(99);
    const [fact, question] = pick(random, [
      [`The ${name} costs ${number} dollars.`, `How much is the ${name}?`],
      [`The ${name} costs ${number} dollars.`, `What does the ${name} cost?`],
      [`You will find the ${name} in aisle ${number}.`, `Where do I find the ${name}?`],
      [`We have ${number} of the ${name} left.`, `How many of the ${name} do you have?`],
    ] as const);
    return chat(`${fact} ${dressed(random, question)}`, fact);
  });
  const uses = products.flatMap(({ name, use }) =>
    times(6, () =>
      chat(
        dressed(
          random,
          fill(pick(random, ['What is a {n} for?', 'What do people use a {n} for?', 'Why would I need a {n}?']), {
            n: name,
          }),
        ),
        `A ${name} is used to ${use}.`,
      ),
    ),
  );
  const unknown = times(500, () => {
    const { name } = pick(random, products);
    const [question, answer] = pick(random, [
      ['How much is the {n}?', 'I do not know the price of the {n}.'],
      ['What does the {n} cost?', 'I do not know the price of the {n}.'],
      ['Where do I find the {n}?', 'I do not know where the {n} is.'],
      ['What is the {n} made of?', 'I do not know what the {n} is made of.'],
      ['When do you open?', 'I do not know any opening hours.'],
      ['Do you deliver to my town?', 'I do not deliver anything.'],
      ['Can I return the {n}?', 'I do not sell anything.'],
      ['Do you have the {n}?', 'I do not sell anything.'],
    ] as const);
    return chat(dressed(random, fill(question, { n: name })), fill(answer, { n: name }));
  });
  const known = shopTalk.flatMap(([question, answer]) => times(12, () => chat(dressed(random, question), answer)));
  return [...given, ...uses, ...unknown, ...known];
}

/** Training rows of the base model, in a fixed shuffled order. */
export function baseRows(facts: readonly CountryFact[], random: Random): ChatRow[] {
  return shuffled(random, [
    ...factRows(facts, random),
    ...talkRows(random),
    ...howToRows(random),
    ...refusalRows(random),
    ...labelRows(random),
    ...repeatRows(random),
    ...contextRows(random),
  ]);
}
