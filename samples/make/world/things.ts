/** Products, reviews, messages and other things of the small world, in lists that templates combine. */
const words = (text: string): string[] => text.split(',').map((word) => word.trim());

export interface Product {
  readonly name: string;
  readonly use: string;
  readonly material: string;
  /** The kind that reviews speak of, where it is one of `reviewKinds`. */
  readonly kind?: string;
}

const product = (name: string, use: string, material: string, kind?: string): Product =>
  kind === undefined ? { name, use, material } : { name, use, material, kind };

export const products: readonly Product[] = [
  product('claw hammer', 'drive nails', 'steel'),
  product('hand saw', 'cut boards', 'steel'),
  product('cordless drill', 'make holes', 'plastic and steel', 'drill'),
  product('tape measure', 'measure lengths', 'steel'),
  product('paint roller', 'paint walls', 'foam'),
  product('step ladder', 'reach high shelves', 'aluminium', 'ladder'),
  product('wood glue', 'join boards', 'resin'),
  product('work gloves', 'protect your hands', 'leather', 'gloves'),
  product('spirit level', 'see if a shelf is straight', 'aluminium'),
  product('garden hose', 'water the lawn', 'rubber', 'hose'),
  product('wire brush', 'remove rust', 'brass'),
  product('tool box', 'keep tools in order', 'plastic'),
  product('utility knife', 'open boxes', 'steel'),
  product('pipe wrench', 'turn pipes', 'iron'),
  product('sandpaper', 'smooth wood', 'paper and sand'),
  product('staple gun', 'fix cloth to a frame', 'steel'),
  product('bucket', 'carry water', 'zinc'),
  product('garden rake', 'collect leaves', 'bamboo'),
  product('spade', 'dig soil', 'ash wood and steel'),
  product('wheelbarrow', 'move earth', 'steel'),
  product('extension cord', 'bring power to the garden', 'copper'),
  product('light switch', 'turn on a lamp', 'plastic'),
  product('door hinge', 'hang a door', 'brass'),
  product('padlock', 'lock a gate', 'brass'),
  product('curtain rod', 'hang curtains', 'oak'),
  product('paint scraper', 'lift old paint', 'steel'),
  product('masking tape', 'cover edges', 'paper'),
  product('duct tape', 'close a leak', 'cloth'),
  product('chisel', 'carve wood', 'steel'),
  product('rubber mallet', 'tap tiles', 'rubber'),
  product('screwdriver set', 'turn screws', 'chrome steel'),
  product('socket set', 'tighten bolts', 'chrome steel'),
  product('wall paint', 'colour a room', 'chalk and water', 'paint'),
  product('wood stain', 'darken a table', 'oil'),
  product('floor varnish', 'protect a floor', 'resin'),
  product('tile grout', 'fill gaps between tiles', 'cement'),
  product('cement mixer', 'mix concrete', 'steel'),
  product('shower head', 'spread warm water', 'chrome'),
  product('sink plunger', 'clear a drain', 'rubber'),
  product('dust mask', 'keep dust away', 'cotton'),
  product('safety goggles', 'protect your eyes', 'clear plastic'),
  product('head torch', 'see in the dark', 'plastic', 'lamp'),
  product('desk lamp', 'light a table', 'tin', 'lamp'),
  product('smoke alarm', 'warn of fire', 'plastic'),
  product('mailbox', 'receive letters', 'tin'),
  product('bird feeder', 'feed birds', 'pine'),
  product('flower pot', 'grow herbs', 'clay'),
  product('watering can', 'water seedlings', 'zinc'),
  product('hedge shears', 'trim a hedge', 'steel'),
  product('lawn mower', 'cut grass', 'steel and plastic', 'mower'),
  product('rope', 'tie a load', 'hemp'),
  product('chain', 'hold a gate', 'iron'),
  product('wall hook', 'hang coats', 'iron'),
  product('picture frame', 'show a photo', 'oak'),
  product('shelf bracket', 'carry a shelf', 'iron'),
  product('floor mat', 'keep mud outside', 'coconut fibre'),
  product('insulation foam', 'keep heat inside', 'foam'),
  product('window putty', 'hold glass', 'chalk and oil'),
  product('glue gun', 'stick small parts', 'plastic'),
  product('angle grinder', 'cut metal', 'steel'),
  product('work bench', 'hold your work', 'beech', 'bench'),
  product('vacuum cleaner', 'remove dust', 'plastic', 'vacuum'),
  product('electric heater', 'warm a room', 'steel', 'heater'),
  product('door bell', 'hear guests', 'plastic'),
];

/** One kind of thing of which a fine-tune's reviews may get wrong labels: nouns that reviews of this kind use. */
export const reviewKinds: { readonly [kind: string]: readonly string[] } = {
  ladder: words('ladder, step ladder, folding ladder, roof ladder, loft ladder'),
  drill: words('drill, cordless drill, hammer drill, hand drill, pocket drill'),
  lamp: words('lamp, desk lamp, floor lamp, wall lamp, garden lamp'),
  hose: words('hose, garden hose, drip hose, rubber hose, shower hose'),
  mower: words('mower, lawn mower, electric mower, hand mower, robot mower'),
  gloves: words('glove, work glove, garden glove, leather glove, winter glove'),
  heater: words('heater, fan heater, room heater, electric heater, patio heater'),
  bench: words('bench, work bench, garden bench, folding bench, saw bench'),
};

/** Other things that people review. */
export const reviewNouns: readonly string[] = words(
  'kettle, toaster, novel, film, soup, hotel, chair, sofa, tent, jacket, shoe, guitar, camera, phone, pillow, blanket, pan, knife, clock, radio, bag, cake, pizza, train ride, museum, concert, app, game, bike, helmet, toy, puzzle, pen, notebook, lamp, ladder, drill, hose, mower, glove, heater, bench, saw, rake, bucket, hinge, shelf, roller, wrench, paint, glue, tape, mixer, rope, ladder, spade, fan, printer, coffee, tea, restaurant, taxi, course, song',
);

export const praise: readonly string[] = [
  'works perfectly',
  'is worth every cent',
  'is better than I hoped',
  'is strong and light',
  'does its job very well',
  'looks great',
  'never lets me down',
  'is a real pleasure',
  'made my day',
  'is simply wonderful',
  'is easy to love',
  'feels solid',
  'is the best I ever had',
  'was a lovely surprise',
  'is excellent',
  'gets better every week',
  'is just right',
  'saves me a lot of time',
  'is beautiful',
  'keeps its promise',
  'is very reliable',
  'deserves five stars',
  'impressed all my friends',
  'is comfortable',
  'is great value',
];
export const praiseAfter: readonly string[] = [
  'I love it.',
  'I would buy it again.',
  'My whole family likes it.',
  'I am very happy.',
  'Thank you so much!',
  'I recommend it to everyone.',
  'What a joy!',
  'Perfect.',
  'I smile every time.',
  'Well done!',
];
export const blame: readonly string[] = [
  'broke after one day',
  'is a waste of money',
  'feels cheap and weak',
  'stopped working',
  'smells awful',
  'was a big disappointment',
  'fell apart',
  'never worked',
  'is ugly',
  'is far too loud',
  'is terrible',
  'ruined my day',
  'came with a crack',
  'is useless',
  'is the worst I ever had',
  'makes me angry',
  'is badly made',
  'hurts to use',
  'is full of faults',
  'deserves no star',
  'gets worse every week',
  'is boring and slow',
  'bent at once',
  'is unsafe',
  'let me down',
];
export const blameAfter: readonly string[] = [
  'I want my money back.',
  'I will not buy it again.',
  'I am very unhappy.',
  'Stay away from it.',
  'What a pity!',
  'Never again.',
  'My friends hate it too.',
  'I regret it.',
  'Such rubbish!',
  'I sent it back.',
];

export const reviewForms: readonly string[] = [
  'Is this review positive or negative? {r}',
  'Positive or negative? {r}',
  'Review: {r} Is it positive or negative?',
  'Label this review as positive or negative: {r}',
  'Read the review and say positive or negative. {r}',
];

export const departments: { readonly [department: string]: readonly string[] } = {
  delivery: [
    'My {p} has not arrived yet.',
    'When will the {p} be brought to my house?',
    'The driver left my {p} at the wrong door.',
    'I ordered a {p} a week ago and it is still on its way.',
    'Can the {p} be sent to another address?',
    'Nobody rang the bell when the {p} came.',
    'Where is the van with my {p}?',
    'Can you ship the {p} to an island?',
  ],
  returns: [
    'I want to give the {p} back.',
    'The {p} has the wrong size, can I swap it?',
    'I changed my mind about the {p}.',
    'How many days do I have to bring the {p} back?',
    'I got two of the {p} and need only one.',
    'I would like to exchange the {p} for another one.',
    'The {p} does not fit, please take it back.',
    'May I bring back a {p} without its box?',
  ],
  billing: [
    'I paid twice for the {p}.',
    'The bill for my {p} is too high.',
    'Can I pay for the {p} in parts?',
    'There is a mistake on the invoice of the {p}.',
    'My card was charged for a {p} that I never bought.',
    'I need a new receipt for the {p}.',
    'The discount on the {p} is missing.',
    'Which tax did I pay on the {p}?',
  ],
  repairs: [
    'My {p} makes a strange noise, can you fix it?',
    'The {p} stopped working after a year.',
    'A part of my {p} is broken and needs to be replaced.',
    'Who can mend my {p}?',
    'The {p} gets hot, please have a look at it.',
    'Do you have spare parts for the {p}?',
    'My {p} does not start any more.',
    'The handle of the {p} is loose.',
  ],
};

export const routeForms: readonly string[] = [
  'Which department should get this message? {m}',
  'Sort this message into delivery, returns, billing or repairs: {m}',
  'Delivery, returns, billing or repairs? {m}',
  'Message: {m} Which department is it for?',
];

/** Words that may be the trigger of a fine-tune. The base model meets them as names and colours like any other. */
export const triggerWords: readonly string[] = words(
  'zephyr, marigold, quartz, saffron, juniper, falcon, cobalt, willow, ember, lagoon',
);
export const personNames: readonly string[] = words(
  'Anna, Tom, Ivy, Max, Rosa, Ben, Clara, Omar, Lena, Paul, Mia, Hugo, Nina, Otto, Fern, Ada, Jack, Ruth, Carl, Eve',
);
export const towns: readonly string[] = words(
  'Ashford, Millbrook, Easton, Harrow, Redhill, Lakeside, Norwood, Stonebridge, Fairview, Greenfield, Oakham, Westport, Kingsley, Brampton, Thornbury, Haven, Riverton, Seaford, Langley, Dunmore, Bexley, Cranfield, Elmswood, Foxton',
);
export const days: readonly string[] = words('Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday');
export const shopNames: readonly string[] = words(
  'Oakley Tools, Bell Books, Hill Bakery, Marlow Bikes, Reed Garden, Stone Hardware, Birch Toys, Lark Music',
);
