import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

describeInHost('marks', {
  extension: builtExtension,
  trust: 'trusted',
  settings: { 'whence.notifications': 'none' },
  environment: {},
  network: 'any',
});
