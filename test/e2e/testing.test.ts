import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

describeInHost('testing', {
  extension: builtExtension,
  trust: 'trusted',
  settings: { 'whence.notifications': 'none' },
  environment: {},
  network: 'any',
});
