import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

describeInHost('jobs', {
  extension: builtExtension,
  trust: 'trusted',
  settings: { 'whence.notifications': 'none' },
  environment: {},
  network: 'any',
});
