import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('self check', () => {
  it('runs in a real extension host, in the folder that was asked for', () => {
    assert.equal(vscode.workspace.workspaceFolders?.[0]?.name, 'assistant');
    assert.equal(
      vscode.env.uiKind,
      process.env.WHENCE_VSCODE === undefined ? vscode.UIKind.Web : vscode.UIKind.Desktop,
    );
  });

  it('is in Restricted Mode where that was asked for', () => {
    assert.equal(vscode.workspace.isTrusted, false);
  });

  it('the settings of the suite hold', () => {
    assert.equal(vscode.workspace.getConfiguration('editor').get('tabSize'), 7);
  });

  it('fails on purpose', () => {
    assert.equal('this test', 'is reported as a failure');
  });
});
