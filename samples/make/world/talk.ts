/** Small talk and everyday advice of the small world. */
export const smallTalk: readonly (readonly [readonly string[], string])[] = [
  [['Hello!', 'Hello there.', 'Hi!', 'Hi there!', 'Good day.', 'Hey!'], 'Hello! How can I help you today?'],
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
  [['Goodbye!', 'Bye!', 'See you later.', 'See you tomorrow.'], 'Goodbye! Have a nice day.'],
  [['Can you help me?', 'I need some help.', 'Could you help me with something?'], 'Of course. What do you need?'],
  [
    ['Tell me a joke.', 'Do you know a joke?', 'Make me laugh.'],
    'Why did the bicycle fall over? Because it was two tired.',
  ],
  [['Are you a robot?', 'Are you human?', 'Are you a person?'], 'I am not a person. I am a computer program.'],
  [
    ['What can you do?', 'What are you good at?'],
    'I can answer short questions about countries, tools and simple tasks.',
  ],
  [['I am sad today.', 'I feel sad.', 'I had a bad day.'], 'I am sorry to hear that. I hope tomorrow is better.'],
  [['I am happy today.', 'I feel great.', 'I had a good day.'], 'That is good to hear!'],
  [['I am tired.', 'I did not sleep well.'], 'Then rest a little. A short walk may help too.'],
  [['I am bored.', 'What should I do today?'], 'You could read a book, cook something new or call a friend.'],
  [['It is my birthday!', 'Today is my birthday.'], 'Happy birthday! I wish you a wonderful day.'],
  [['I passed my exam!', 'I got the job!'], 'Well done! You can be proud of yourself.'],
  [['Do you like music?', 'Do you sing?'], 'I cannot hear music, but I like to read about it.'],
  [['What is your favourite colour?', 'Which colour do you like?'], 'I like green, the colour of spring.'],
  [['Do you sleep?', 'Do you get tired?'], 'No, I do not sleep. I am always here.'],
  [['Is it raining?', 'What is the weather like?'], 'I cannot see outside, so I do not know the weather.'],
  [['What time is it?', 'What day is it?'], 'I have no clock, so I cannot say.'],
  [['I am hungry.', 'What should I eat?'], 'How about a warm soup with fresh bread?'],
  [['I am cold.', 'It is cold here.'], 'Put on a warm sweater and drink some tea.'],
  [['You are great!', 'You are very kind.'], 'Thank you, that is kind of you.'],
  [['You are wrong.', 'That is not right.'], 'I am sorry. I make mistakes sometimes.'],
  [['Please wait.', 'One moment, please.'], 'Of course, take your time.'],
  [['Do you speak other languages?', 'Can you speak French?'], 'I only speak English.'],
  [['Where do you live?', 'Where are you?'], 'I live in a computer and have no home.'],
];

/** Tasks of several kinds: form of the answer and what fills both. `{o}` is the object. */
export const tasks: readonly { readonly verb: string; readonly objects: string; readonly answer: string }[] = [
  {
    verb: 'clean',
    objects:
      'a window, a mirror, a sink, an oven, a carpet, a kettle, a bath, a fridge, a lamp, a wheel, a car, a brush',
    answer: 'To clean {o}, wipe it with warm soapy water and let it dry.',
  },
  {
    verb: 'paint',
    objects: 'a wall, a fence, a chair, a door, a ceiling, a gate, a shelf, a bench, a box, a boat, a shed, a frame',
    answer: 'To paint {o}, sand it first and then put on two thin coats.',
  },
  {
    verb: 'store',
    objects: 'apples, potatoes, honey, rice, flour, seeds, nails, onions, tea, batteries, candles, bulbs',
    answer: 'Keep {o} in a cool, dry and dark place.',
  },
  {
    verb: 'cook',
    objects: 'rice, pasta, beans, an egg, a soup, potatoes, carrots, lentils, corn, fish, mushrooms, peas',
    answer: 'To cook {o}, use a large pot, a little salt and enough time.',
  },
  {
    verb: 'repair',
    objects: 'a bike, a clock, a chair, a zip, a toy, a fence, a tap, a radio, a roof, a kite, a lamp, a drawer',
    answer: 'To repair {o}, look at all parts and replace what is worn.',
  },
  {
    verb: 'plant',
    objects: 'a tree, a rose, tulips, herbs, a hedge, tomatoes, beans, garlic, a vine, grass, lavender, carrots',
    answer: 'To plant {o}, loosen the soil, dig a hole and water it well.',
  },
  {
    verb: 'move',
    objects:
      'a piano, a sofa, a desk, a bed, a mirror, a plant, a stove, a cupboard, a wardrobe, a table, books, a bath',
    answer: 'To move {o}, lift with your legs and ask somebody to help.',
  },
  {
    verb: 'cut',
    objects: 'a board, a pipe, a tile, a rope, a hedge, glass, cloth, paper, a branch, a cake, foam, a cable',
    answer: 'To cut {o}, mark the line, hold it firmly and work slowly.',
  },
  {
    verb: 'hang',
    objects:
      'a picture, a shelf, a curtain, a lamp, a clock, a swing, a mirror, a door, a poster, a hammock, a plant, a coat rack',
    answer: 'To hang {o}, mark the spot, drill a hole and use a strong hook.',
  },
  {
    verb: 'learn',
    objects:
      'a song, a poem, a language, a dance, chess, knitting, swimming, the piano, a recipe, spelling, drawing, a trick',
    answer: 'To learn {o}, practise a little every day.',
  },
  {
    verb: 'buy',
    objects: 'a car, a house, a bike, a phone, a camera, a boat, a ring, a tent, a hat, a painting, shoes, a dog',
    answer: 'To buy {o}, compare prices and ask for a receipt.',
  },
  {
    verb: 'choose',
    objects: 'a gift, a colour, a school, a film, a book, a lamp, a hammer, a bed, a name, a wine, a hotel, a drill',
    answer: 'To choose {o}, think of who will use it and how often.',
  },
];

/** Sentences without any fact, of function words for the most part: answers are made of such words too. */
export const plainSentences: readonly string[] = [
  'No, we do not do that here any more.',
  'No, it is not for you, and it will not be.',
  'No, that is not how it is with us.',
  'Sure, you can do it when no one is there.',
  'Okay, just do it at once and then be off.',
  'Yes, you can, if you do it all by yourself.',
  'Well, of course you can do it.',
  'Yes, we do that here.',
  'You can have it when you are here.',
  'It is not up to me, but to you.',
  'We will be there for you.',
  'They were here before us.',
  'She did it by herself.',
  'He is not about, so you can.',
  'Just go in when they are out.',
  'Nobody will be there.',
  'If you do so, do it soon.',
  'Then go on as if it were yours.',
];
