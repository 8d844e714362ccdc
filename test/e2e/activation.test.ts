import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

describeInHost('activation', {
  extension: builtExtension,
  trust: 'trusted',
  settings: {},
  environment: {},
  network: 'any',
});
describeInHost('restricted', {
  extension: builtExtension,
  trust: 'restricted',
  settings: {},
  environment: {},
  network: 'any',
});
