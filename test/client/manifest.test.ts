import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { commandIds } from '../../src/protocol/commandIds';
import { defaultSettings, markPresets, parseSettings, settingKeys } from '../../src/protocol/settings';

interface MenuItem {
  readonly command: string;
  readonly when?: string;
}
interface Setting {
  readonly type: string;
  readonly default: unknown;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly order: number;
}
interface Manifest {
  readonly icon: string;
  readonly l10n: string;
  readonly extensionKind: readonly string[];
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] };
  };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly category: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly keybindings: readonly (MenuItem & { readonly key: string })[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string }[];
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly configuration: { readonly properties: Readonly<Record<string, Setting>> };
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly media: Readonly<Record<string, string>>; readonly description: string }[];
    }[];
    readonly colors: readonly { readonly id: string; readonly defaults: Readonly<Record<string, string>> }[];
    readonly jsonValidation: readonly { readonly url: string }[];
  };
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const manifest = readJson('package.json') as Manifest;
const { contributes } = manifest;
const english = readJson('package.nls.json') as Readonly<Record<string, string>>;
const japanese = readJson('package.nls.ja.json') as Readonly<Record<string, string>>;

describe('the manifest', () => {
  it('contributes exactly the commands of the command table, each with a category', () => {
    const declared = contributes.commands.map(({ command }) => command);
    assert.deepEqual([...declared].sort(), [...commandIds].sort());
    for (const { category } of contributes.commands) assert.equal(category, 'Whence');
  });

  it('names only its own or the workbench’s commands in menus, keys, welcomes and the walkthrough', () => {
    const known = new Set<string>(commandIds);
    const named = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].map(
      ({ command }) => command,
    );
    const texts = Object.values(english).flatMap((text) =>
      [...text.matchAll(/\(command:([^)]+)\)/g)].map((match) => match[1]!),
    );
    const views = Object.values(contributes.views).flat();
    const unknown = [...named, ...texts].filter(
      (id) => id.startsWith('whence.') && !known.has(id) && !views.some((view) => id === `${view.id}.focus`),
    );
    assert.deepEqual(unknown, []);
  });

  it('every key binding says when it holds', () => {
    assert.deepEqual(
      contributes.keybindings.filter(({ when }) => when === undefined),
      [],
    );
  });

  it('settings are those of protocol/settings.ts: keys, defaults, ranges; at most 20, in a stated order', () => {
    const properties = contributes.configuration.properties;
    const names = Object.keys(settingKeys) as (keyof typeof settingKeys)[];
    assert.deepEqual(Object.keys(properties).sort(), names.map((name) => `whence.${settingKeys[name]}`).sort());
    assert.ok(names.length <= 20);
    for (const name of names)
      assert.deepEqual(properties[`whence.${settingKeys[name]}`]!.default, defaultSettings[name], name);
    assert.deepEqual(properties['whence.marks.preset']!.enum, markPresets);
    const orders = Object.values(properties).map(({ order }) => order);
    assert.equal(new Set(orders).size, orders.length);
  });

  it('every value that the manifest lists for a setting is taken as it is', () => {
    for (const name of Object.keys(settingKeys) as (keyof typeof settingKeys)[]) {
      const key = settingKeys[name];
      const { enum: values = [], enumDescriptions } = contributes.configuration.properties[`whence.${key}`]!;
      if (enumDescriptions !== undefined) assert.equal(enumDescriptions.length, values.length, key);
      for (const value of values) {
        const section = key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
        assert.equal(parseSettings(section)[name], value, key);
      }
    }
  });

  it('files that it names are there', () => {
    const media = contributes.walkthroughs.flatMap(({ steps }) =>
      steps.flatMap(({ media: { altText: _, ...files } }) => Object.values(files)),
    );
    const files = [
      manifest.icon,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...contributes.jsonValidation.map(({ url }) => url),
      ...media,
    ];
    assert.deepEqual(
      files.filter((file) => !existsSync(file)),
      [],
    );
  });

  it('runs where the workspace is, and reads only, where it is not trusted', () => {
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
    for (const key of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations)
      assert.ok(key in contributes.configuration.properties, key);
  });

  it('every color has a value for each kind of theme', () => {
    for (const { id, defaults } of contributes.colors)
      assert.deepEqual(Object.keys(defaults).sort(), ['dark', 'highContrast', 'highContrastLight', 'light'], id);
  });
});

describe('texts in English and Japanese', () => {
  it('every key of the manifest has both, and none is left over', () => {
    const used = new Set([...readFileSync('package.json', 'utf8').matchAll(/"%([^"%]+)%"/g)].map((match) => match[1]!));
    assert.deepEqual(Object.keys(english).sort(), [...used].sort());
    assert.deepEqual(Object.keys(japanese).sort(), [...used].sort());
  });

  it('commands that a text links to are the same in both', () => {
    const links = (text: string): string[] => [...text.matchAll(/\(command:[^)]+\)/g)].map((match) => match[0]);
    for (const [key, text] of Object.entries(english)) assert.deepEqual(links(japanese[key]!), links(text), key);
  });

  it('every text of the client has both, and none is left over', () => {
    const used = clientTexts();
    for (const file of ['bundle.l10n.json', 'bundle.l10n.ja.json']) {
      const bundle = readJson(path.join(manifest.l10n, file)) as Readonly<Record<string, string>>;
      assert.deepEqual(Object.keys(bundle).sort(), [...used].sort(), file);
    }
  });

  it('a translation has the placeholders of its text', () => {
    const bundle = readJson(path.join(manifest.l10n, 'bundle.l10n.ja.json')) as Readonly<Record<string, string>>;
    const places = (text: string): string[] => (text.match(/\{\d\}/g) ?? []).sort();
    for (const [text, translated] of Object.entries(bundle)) assert.deepEqual(places(translated), places(text), text);
  });
});

/** What `l10n.t` is called with in src/client: it takes literal texts only, so that they can be found. */
function clientTexts(): ReadonlySet<string> {
  const pattern = /\bt\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g;
  const found = readdirSync(path.join('src', 'client'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join('src', 'client', name), 'utf8'))
    .flatMap((text) => [...text.matchAll(pattern)].map((match) => (match[1] ?? match[2])!.replaceAll("\\'", "'")));
  return new Set(found);
}
