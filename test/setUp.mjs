// Installs what the tests need besides npm packages: SwiftShader, a Vulkan driver without a GPU, from Debian's
// chromium-common, so that the WebGPU path runs everywhere. Done once; where it cannot be, the command is named and the
// tests do not start. Other systems bring their own GPU driver, and those tests use it or say that they were skipped.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const install = 'apt-get update && apt-get install -y --no-install-recommends chromium-common';

const hasApt = process.platform === 'linux' && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;

if (hasApt && !existsSync(driver)) {
  const isRoot = process.getuid?.() === 0;
  process.stdout.write(`installing SwiftShader for the WebGPU tests: ${install}\n`);
  const { status } = spawnSync(isRoot ? 'sh' : 'sudo', isRoot ? ['-c', install] : ['-n', 'sh', '-c', install], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0 || !existsSync(driver)) {
    process.stderr.write(
      `The WebGPU tests need SwiftShader, which could not be installed. Run this as root:\n  ${install}\n`,
    );
    process.exit(1);
  }
}
