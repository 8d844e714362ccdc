import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

describeInHost('setUp', { extension: builtExtension, trust: 'trusted', settings: {}, environment: {}, network: 'any' });
