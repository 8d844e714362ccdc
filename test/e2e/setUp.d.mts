export interface WorkbenchPaths {
  /** Folder of VS Code inside code-server. */
  readonly vscode: string;
  /** `server-main.js` */
  readonly server: string;
  /** The Node that the server needs. */
  readonly node: string;
  readonly chromium: string | undefined;
}
/** Whether a web workbench can be set up on this system. */
export const supported: boolean;
export function workbenchPaths(): WorkbenchPaths;
/** Makes what is missing. Throws with the command to run where something cannot be installed. */
export function setUp(): void;
