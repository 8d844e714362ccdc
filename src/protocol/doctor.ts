import type { ComputeSettings, DeviceName } from './requests';

/** Measures the devices of this machine. */
export interface DoctorRequest {
  readonly kind: 'doctor';
  readonly compute: ComputeSettings;
  /** Rows and columns of the matrices that are multiplied, 64 to 65,536. */
  readonly matrixSize: number;
  /** Seconds of measuring a device, 0 to 600; at least three products are timed. */
  readonly secondsPerDevice: number;
}

export type DeviceReport =
  | {
      readonly device: DeviceName;
      readonly state: 'usable';
      /** Largest relative difference from the CPU on a small gradient graph. */
      readonly parity: number;
      /** Raw fp32 matrix product, 1e9 operations a second, median. */
      readonly gflops: number;
    }
  | { readonly device: DeviceName; readonly state: 'refused' | 'absent'; readonly reason: string };

export interface MemoryReport {
  readonly totalBytes: number;
  /** What a new process may take now, within the limits of its control group. */
  readonly availableBytes: number;
  /** Where the limit comes from, for the user. */
  readonly limitedBy: 'machine' | 'control group';
}

export interface DoctorResult {
  readonly devices: readonly DeviceReport[];
  /** What `--device` as given leads to, or why to nothing. */
  readonly chosen: { readonly device: DeviceName | null; readonly reason: string };
  readonly memory: MemoryReport;
  readonly processor: string;
  readonly cores: number;
  readonly threads: number;
  readonly versions: { readonly node: string; readonly onnxruntime: string };
}

/** Streamed when a device has been measured. */
export interface DeviceMeasured {
  readonly kind: 'deviceMeasured';
  readonly report: DeviceReport;
}
