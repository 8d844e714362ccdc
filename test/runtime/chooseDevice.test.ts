import assert from 'node:assert/strict';
import { UserError } from '../../src/protocol/errors';
import { deviceNames } from '../../src/protocol/requests';
import { chooseDevice, type DeviceVerdict } from '../../src/runtime/chooseDevice';
import { isInBuild } from '../../src/runtime/devices';
import { listBackends } from '../../src/runtime/onnxruntime';

const usable =
  (gflops: number) =>
  async (device: DeviceVerdict['device']): Promise<DeviceVerdict> => ({
    device,
    state: 'usable',
    parity: 3e-7,
    gflops: device === 'cpu' ? 100 : gflops,
  });
const refused = async (device: DeviceVerdict['device']): Promise<DeviceVerdict> =>
  device === 'cpu'
    ? { device, state: 'usable', parity: 0, gflops: 100 }
    : { device, state: 'refused', code: 'device-disagrees', reason: 'its gradients differ' };

describe('chooseDevice', () => {
  it('the cpu asked for is the cpu, without measuring', async () => {
    const chosen = await chooseDevice('cpu', () => assert.fail('measured'));
    assert.equal(chosen.device, 'cpu');
  });

  it('auto takes the fastest that agrees, and names the rates', async function () {
    if (isInBuild('webgpu', await listBackends()) === 'absent') this.skip();
    const fast = await chooseDevice('auto', usable(5000));
    assert.notEqual(fast.device, 'cpu');
    assert.match(fast.reason, /webgpu 5000 GFLOP\/s.*cpu 100 GFLOP\/s/);
    assert.equal((await chooseDevice('auto', usable(3))).device, 'cpu');
  });

  it('auto says why no other device is used', async () => {
    const chosen = await chooseDevice('auto', refused);
    assert.equal(chosen.device, 'cpu');
    if (isInBuild('webgpu', await listBackends()) === 'present')
      assert.match(chosen.reason, /webgpu: its gradients differ/);
  });

  it('a device asked for by name is used or an error', async () => {
    const backends = await listBackends();
    for (const device of deviceNames.filter((name) => name !== 'cpu')) {
      const expected = isInBuild(device, backends) === 'present' ? 'device-disagrees' : 'device-absent';
      await assert.rejects(chooseDevice(device, refused), (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.code, expected);
        return true;
      });
    }
  });
});
