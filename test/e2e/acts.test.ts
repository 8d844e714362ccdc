import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

for (const suite of ['acts', 'largeFile'])
  describeInHost(suite, { extension: builtExtension, trust: 'trusted', settings: {}, environment: {}, network: 'any' });
