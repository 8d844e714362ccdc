import type { InferenceSession } from 'onnxruntime-node';
import { inputError, type UserError } from '../protocol/errors';
import { type DeviceName, deviceNames } from '../protocol/requests';
import type { Backend } from './onnxruntime';

/** How one device is found and asked for. */
export interface DeviceEntry {
  /** Its name in `listSupportedBackends` and as an execution provider. */
  readonly provider: string;
  readonly configuration: InferenceSession.ExecutionProviderConfig;
  /** `asked`: never chosen by `auto`. */
  readonly choice: 'auto' | 'asked';
  /** What a machine needs for it, as a sentence for the user. */
  readonly needs: string;
}

/** Every device that may be asked for. */
export const devices: { readonly [D in DeviceName]: DeviceEntry } = {
  cpu: { provider: 'cpu', configuration: { name: 'cpu' }, choice: 'auto', needs: 'Any machine has it.' },
  webgpu: {
    provider: 'webgpu',
    configuration: { name: 'webgpu' },
    choice: 'auto',
    needs: 'It needs a GPU with a Vulkan, Direct3D 12 or Metal driver; on Linux also libvulkan.so.1.',
  },
  cuda: {
    provider: 'cuda',
    configuration: { name: 'cuda', deviceId: 0 },
    choice: 'auto',
    needs: "It needs an NVIDIA driver, the CUDA and cuDNN libraries and onnxruntime's CUDA provider library.",
  },
  dml: {
    provider: 'dml',
    configuration: { name: 'dml', deviceId: 0 },
    choice: 'auto',
    needs: 'It needs Windows and a GPU with a DirectX 12 driver.',
  },
  // Core ML compiles for minutes, copies every weight and may compute in half precision.
  coreml: {
    provider: 'coreml',
    configuration: { name: 'coreml' },
    choice: 'asked',
    needs: 'It needs macOS on Apple silicon.',
  },
};

/**
 * Whether this build knows the device. onnxruntime drops an unknown provider with a warning and computes on the CPU,
 * so nothing may be opened that this does not find. `present` says nothing of drivers: opening a session does.
 */
export function isInBuild(device: DeviceName, backends: readonly Backend[]): 'absent' | 'present' {
  return backends.some(({ name }) => name === devices[device].provider) ? 'present' : 'absent';
}

export function devicesInBuild(backends: readonly Backend[]): readonly DeviceName[] {
  return deviceNames.filter((device) => isInBuild(device, backends) === 'present');
}

/** The error for a device that the build lacks. */
export function absentDevice(device: DeviceName, backends: readonly Backend[]): UserError {
  return inputError(
    'device-absent',
    `The device ${device} is not part of this build for ${process.platform}-${process.arch}.`,
    `Ask for one of: auto, ${devicesInBuild(backends).join(', ')}.`,
  );
}
