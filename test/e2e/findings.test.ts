import { describeInHost } from './support/describeInHost';
import { builtExtension } from './support/extensions';

describeInHost('findings', {
  extension: builtExtension,
  trust: 'trusted',
  settings: { 'whence.notifications': 'none' },
  environment: {},
  network: 'any',
});
