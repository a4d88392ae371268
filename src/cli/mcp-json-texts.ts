import type { components } from '../../generated/api.ts';
import { slugOf } from '../base/slugs.ts';
import { isRefused } from '../shared-config/variables.ts';

/** How a shared server is reached, all keys there. */
export type ServerConfig = components['schemas']['SharedServerConfig'];

/** What the texts of an entry refer to beside variables of the environment. */
export type Seen = {
  /** The ids of inputs. */
  readonly inputs: Set<string>;
  /** Variables for which the file has a value where they are not set. */
  readonly defaults: Set<string>;
  /** References that only an editor can replace, such as `${workspaceFolder}`. */
  readonly editors: Set<string>;
};

/** `$${` is a literal `${`, as it is for the gateway. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)\}/g;
const NAME = /^[A-Za-z_]\w*$/;
const ENVIRONMENT = /^env:([A-Za-z_]\w*)$/;
const INPUT = /^input:(.+)$/s;
/** Claude Code has these; what follows is used where the variable is not set. */
const WITH_DEFAULT = /^([A-Za-z_]\w*):-/;
/** The predefined variables of VS Code and Cursor, some of which take an argument. */
const EDITOR =
  /^(?:\/|(?:config|command|env):.*|(?:userHome|workspaceFolder|workspaceFolderBasename|workspaceRoot|workspaceRootFolderName|file|fileWorkspaceFolder|fileWorkspaceFolderBasename|relativeFile|relativeFileDirname|fileBasename|fileBasenameNoExtension|fileExtname|fileDirname|fileDirnameBasename|cwd|lineNumber|columnNumber|selectedText|execPath|extensionInstallFolder|defaultBuildTask|pathSeparator)(?::.*)?)$/s;

type Meaning =
  | { readonly kind: 'variable' | 'default'; readonly name: string }
  | { readonly kind: 'input'; readonly id: string }
  | { readonly kind: 'editor' | 'literal' };

/** What a client makes of what stands between `${` and `}`. */
function meaningOf(inner: string): Meaning {
  const name = ENVIRONMENT.exec(inner)?.[1];
  const id = INPUT.exec(inner)?.[1];
  const defaulted = WITH_DEFAULT.exec(inner)?.[1];
  if (name !== undefined) {
    return { kind: 'variable', name };
  }
  if (id !== undefined) {
    return { kind: 'input', id };
  }
  if (EDITOR.test(inner)) {
    return { kind: 'editor' };
  }
  if (defaulted !== undefined) {
    return { kind: 'default', name: defaulted };
  }
  return NAME.test(inner) ? { kind: 'variable', name: inner } : { kind: 'literal' };
}

/**
 * A text of a client's configuration as the gateway reads it: `${env:NAME}` and `${NAME:-default}` become `${NAME}`,
 * `${input:id}` the variable of the input. What else is in braces stays. What there was is added to `seen`.
 */
export function fromFile(text: string, seen: Seen): string {
  return text.replaceAll(REFERENCE, (reference, inner: string | undefined) => {
    const meaning = inner === undefined ? undefined : meaningOf(inner);
    switch (meaning?.kind) {
      case 'default':
        seen.defaults.add(meaning.name);
        return `\${${meaning.name}}`;
      case 'variable':
        return `\${${meaning.name}}`;
      case 'input':
        seen.inputs.add(meaning.id);
        return `\${${variableOf(meaning.id) ?? ''}}`;
      case 'editor':
        seen.editors.add(reference);
        return reference;
      default:
        return reference;
    }
  });
}

/**
 * A text of the gateway as `fromFile` reads it back: to the same text, or to one that the gateway replaces by the same.
 * So two texts are alike for the gateway when they are written alike.
 */
export function toFile(text: string): string {
  return text.replaceAll(REFERENCE, (reference, inner: string | undefined) => {
    const kind = inner === undefined ? 'literal' : meaningOf(inner).kind;
    if (inner !== undefined && NAME.test(inner)) {
      return kind === 'variable' ? reference : `\${env:${inner}}`;
    }
    return kind === 'literal' ? reference : `$${reference}`;
  });
}

/**
 * The name of a variable for something that has a name in words, in upper snake case; never one of the gateway's own.
 * Null where ASCII has none of its letters and digits.
 */
export function variableOf(words: string): string | null {
  const slug = slugOf(words.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2'));
  if (slug === null) {
    return null;
  }
  const name = slug.replaceAll('-', '_').toUpperCase();
  return /^[A-Z]/.test(name) && !isRefused(name) ? name : `MCP_${name}`;
}
