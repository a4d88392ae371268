/** A JSON Schema (2020-12) object for clients. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The HTTP methods that an OpenAPI path item may hold. */
export const VERBS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'] as const;
/** One of the HTTP methods. */
export type Verb = (typeof VERBS)[number];

/** Methods that are not custom. */
export const STANDARD_METHODS = ['list', 'get', 'create', 'update', 'delete'] as const;

/** A server URL; an account's variables, or else the defaults, fill `{name}` in it. */
export type ServerPlan = {
  /** As in the document; may be relative to the URL of the document. */
  readonly url: string;
  /** One entry for each `{name}` in the URL, declared or not. */
  readonly variables: Readonly<Record<string, { readonly default?: string; readonly enum?: readonly string[] }>>;
};

/** The place of credentials in the document. `scheme` is the name of the security scheme. */
export type SecurityFact =
  | { readonly type: 'apiKey'; readonly scheme: string; readonly in: ParameterPlace; readonly name: string }
  | { readonly type: 'http'; readonly scheme: string; readonly httpScheme: string }
  | {
      readonly type: 'clientCredentials';
      readonly scheme: string;
      readonly tokenUrl: string;
      readonly scopes: readonly string[];
    }
  /** OAuth 2 without the client credentials flow; OpenID Connect; what no account can satisfy. */
  | { readonly type: 'oauth2' | 'openIdConnect' | 'unsupported'; readonly scheme: string };

/** Names of security schemes that must all be satisfied. An empty one demands nothing. */
export type Requirement = readonly string[];

/** What operations demand of a caller. */
export type Access = {
  /** One of them must be satisfied. None: nothing is demanded. */
  readonly requirements: readonly Requirement[];
  /** The operation's own server. */
  readonly server?: ServerPlan;
};

/** The place of a parameter in the request. */
export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie';

/** The plan for writing one flat argument as a parameter, in OpenAPI's terms with the defaults filled in. */
export type ParameterPlan = {
  readonly argument: string;
  readonly name: string;
  readonly in: ParameterPlace;
  readonly style: string;
  readonly explode: boolean;
  readonly allowReserved: boolean;
  /** The parameter is written in this media type (`content` instead of `schema`); style does not apply. */
  readonly mediaType?: string;
};

/** A flat argument that becomes the member `name` of the body. */
export type BodyMember = { readonly argument: string; readonly name: string };

/** A member of a form, in the terms of OpenAPI. */
export type FormMember = BodyMember & {
  readonly style: string;
  readonly explode: boolean;
  readonly allowReserved: boolean;
  /** The value is written in this media type (the `contentType` of the member's encoding); style does not apply. */
  readonly mediaType?: string;
  /** Style does not apply to objects, which are written as JSON. */
  readonly objectsAsJson?: boolean;
};

/** A member of a multipart body. */
export type MultipartMember = BodyMember & {
  readonly mediaType: string;
  /** `base64`: the argument holds the bytes of the part in base64. */
  readonly encoding: 'json' | 'text' | 'base64';
  /** An array becomes one part for each of its items. */
  readonly many: boolean;
};

/**
 * The plan for writing arguments as the body. The first three kinds are objects whose members are arguments: if the
 * body is optional and no argument of it is given, there is no body; if it is required, there always is one. `rest`:
 * all remaining arguments go into the body under their own names. `requiredMembers`: the arguments that every body needs.
 */
export type BodyPlan = {
  readonly mediaType: string;
  readonly required: boolean;
  readonly requiredMembers?: readonly string[];
} & (
  | { readonly kind: 'json'; readonly members: readonly BodyMember[]; readonly rest: boolean }
  | {
      readonly kind: 'form';
      readonly members: readonly FormMember[];
      readonly rest: boolean;
      readonly argument?: string;
    }
  | {
      readonly kind: 'multipart';
      readonly members: readonly MultipartMember[];
      /** Absent in tools that were made before there were such parts. */
      readonly rest?: boolean;
      /** The members are not arguments, but members of this argument. So for a form. */
      readonly argument?: string;
    }
  /** The whole body is one argument: a JSON value, text as it is, or bytes in base64. */
  | { readonly kind: 'root'; readonly argument: string; readonly encoding: 'json' | 'text' | 'base64' }
);

/** The complete plan for the HTTP request of a tool. */
export type RequestPlan = {
  /** The path template of the document, without a query and a fragment. */
  readonly path: string;
  /** The query that the path of the document holds, encoded. */
  readonly query?: string;
  /** Set if the operation or its path names its own server; otherwise the document's servers apply. */
  readonly server?: ServerPlan;
  readonly parameters: readonly ParameterPlan[];
  readonly body?: BodyPlan;
  /** Index in `ServiceFacts.accesses`; absent if the document says nothing of security, or was read before it counted. */
  readonly access?: number;
  /** The statuses of redirects that are documented answers, as in the document: `302`, `3XX`. */
  readonly redirects?: readonly string[];
};

/** Hints of the MCP specification; an absent hint is unknown. */
export type Annotations = {
  readonly readOnlyHint?: true;
  readonly destructiveHint?: true;
  readonly idempotentHint?: true;
};

/** One operation of the document as a tool. JSON throughout. */
export type DerivedTool = {
  readonly name: string;
  readonly description: string;
  readonly resource: string;
  /** One of `STANDARD_METHODS`, or the name of a custom method. */
  readonly method: string;
  readonly verb: Verb;
  readonly tags: readonly string[];
  readonly inputSchema: JsonSchema;
  /** Loose: every object is valid, see `loosen`. */
  readonly outputSchema?: JsonSchema;
  readonly annotations: Annotations;
  readonly request: RequestPlan;
};

/** An operation that gives no tool (`GET /pets`), and the reason. */
export type Skipped = { readonly operation: string; readonly reason: string };

/** A thing in the document that makes its tools harder to use. A null operation means the whole document. */
export type Warning = { readonly operation: string | null; readonly message: string };

/** The facts about a service in its document, without the tools. */
export type ServiceFacts = {
  readonly title: string;
  /** Empty when the document names none. */
  readonly servers: readonly ServerPlan[];
  /** The schemes that the document requires everywhere come first. */
  readonly security: readonly SecurityFact[];
  /** The different demands of its operations. */
  readonly accesses: readonly Access[];
};

/** The tools of a document, and the facts about its service. */
export type Derivation = ServiceFacts & {
  /** The static segments at the start of all paths, in snake case, which are in no resource. */
  readonly shared: readonly string[];
  /** In the order of the document. */
  readonly tools: readonly DerivedTool[];
  readonly skipped: readonly Skipped[];
  readonly warnings: readonly Warning[];
};

/** The settings of the integration. */
export type DeriveOptions = {
  /** Name of the integration, `[a-z0-9-]{1,40}`: part of every tool's name. */
  readonly integration: string;
  /** Tags for resources (`contacts`) and single methods (`contacts.list`), beside those of the document. */
  readonly toolTags?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The rules of names and methods: 1 for integrations made before there were others; 2 by default. */
  readonly naming?: 1 | 2 | undefined;
  /** Segments that left the resources when the integration was made: `shared` of its derivation. */
  readonly shared?: readonly string[] | undefined;
  /** Whether operations without a text give tools; `skip` by default. */
  readonly undocumented?: 'skip' | 'include' | undefined;
  /** `none`: tools have no output schema; otherwise they have a loose one. */
  readonly outputSchemas?: 'loose' | 'none' | undefined;
};
