import type { components } from '../../generated/api.ts';
import { slugOf } from '../base/slugs.ts';
import { isRefused } from '../shared-config/variables.ts';

/** The connection settings of a shared server, with all keys. */
export type ServerConfig = components['schemas']['SharedServerConfig'];

/** The references in the texts of an entry, except for environment variables. */
export type Seen = {
  /** The ids of inputs. */
  readonly inputs: Set<string>;
  /** Variables with a default value in the file. */
  readonly defaults: Set<string>;
  /** References that only an editor can replace, such as `${workspaceFolder}`. */
  readonly editors: Set<string>;
};

/** `$${` is a literal `${`, as it is for the gateway. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)\}/g;
const NAME = /^[A-Za-z_]\w*$/;
const ENVIRONMENT = /^env:([A-Za-z_]\w*)$/;
const INPUT = /^input:(.+)$/s;
/** Syntax of Claude Code: the text after `:-` is the default of the variable. */
const WITH_DEFAULT = /^([A-Za-z_]\w*):-/;
/** The predefined variables of VS Code and Cursor, some of which take an argument. */
const EDITOR =
  /^(?:\/|(?:config|command|env):.*|(?:userHome|workspaceFolder|workspaceFolderBasename|workspaceRoot|workspaceRootFolderName|file|fileWorkspaceFolder|fileWorkspaceFolderBasename|relativeFile|relativeFileDirname|fileBasename|fileBasenameNoExtension|fileExtname|fileDirname|fileDirnameBasename|cwd|lineNumber|columnNumber|selectedText|execPath|extensionInstallFolder|defaultBuildTask|pathSeparator)(?::.*)?)$/s;

type Meaning =
  | { readonly kind: 'variable' | 'default'; readonly name: string }
  | { readonly kind: 'input'; readonly id: string }
  | { readonly kind: 'editor' | 'literal' };

/** Returns the meaning that clients give to the text between `${` and `}`. */
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
 * Converts a text of a client's configuration for the gateway: `${env:NAME}` and `${NAME:-default}` become `${NAME}`,
 * `${input:id}` becomes the variable of the input. Other braces stay. Adds the references to `seen`.
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
 * Converts a text of the gateway for a file, so that `fromFile` gives the same text, or one with the same meaning for the
 * gateway. So two texts mean the same to the gateway if their converted texts are equal.
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
 * Makes the name of a variable from words, in upper snake case; never the name of one of the gateway's own variables.
 * Returns null if the words have no ASCII letter or digit.
 */
export function variableOf(words: string): string | null {
  const slug = slugOf(words.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2'));
  if (slug === null) {
    return null;
  }
  const name = slug.replaceAll('-', '_').toUpperCase();
  return /^[A-Z]/.test(name) && !isRefused(name) ? name : `MCP_${name}`;
}
