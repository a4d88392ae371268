/** Rules that the linter does not bring: what makes every API of this document (every "door") answer in one voice. */

const DOORS = [
  { prefix: '/api/', errors: 'Servers', wanted: ['400', '401', '403', 'default'] },
  { prefix: '/integration', errors: 'Accounts', wanted: ['400', '401', 'default'] },
  { prefix: '/integrated-account', errors: 'Accounts', wanted: ['400', '401', 'default'] },
  { prefix: '/mcp', errors: 'Gateway', wanted: ['401', 'default'] },
  { prefix: '/admin/api/', errors: 'Operator', wanted: ['401', 'default'] },
  { prefix: '/', errors: 'Operator', wanted: [] },
];
/** What receivers of events answer. */
const RECEIVER = { errors: 'Receiver', wanted: [] };

/** Every 4xx and `default` response is the named one of its door, and those that the door always needs are there. */
function doorErrors() {
  let door;
  return {
    PathItem(_pathItem, { key }) {
      door = DOORS.find(({ prefix }) => String(key).startsWith(prefix)) ?? RECEIVER;
    },
    Operation({ responses }, { report, location }) {
      for (const [status, response] of Object.entries(responses)) {
        const expected = new RegExp(`(^|/)responses/${door.errors}\\w+\\.yaml$`);
        if ((status === 'default' || status.startsWith('4')) && !expected.test(response.$ref ?? '')) {
          report({
            message: `The ${status} response must be one of the named responses ${door.errors}*.`,
            location: location.child(['responses', status]),
          });
        }
      }
      for (const status of door.wanted.filter((wanted) => !(wanted in responses))) {
        report({ message: `The response ${status} is missing.`, location: location.child('responses').key() });
      }
    },
  };
}

/** Every success of ours names its request. The answers of those who receive events are not ours. */
function requestIds() {
  let isOurs;
  return {
    PathItem(_pathItem, { key }) {
      isOurs = String(key).startsWith('/');
    },
    Operation: {
      Response({ headers = {} }, { report, location, key }) {
        if (isOurs && String(key).startsWith('2') && headers['X-Request-Id'] === undefined) {
          report({ message: 'Give it the header `X-Request-Id`.', location: location.child('headers').key() });
        }
      },
    },
  };
}

/** Every response with content has at least one named example: examples are what the mock serves. */
function namedExamples() {
  return {
    MediaType({ examples }, { report, location }) {
      if (Object.keys(examples ?? {}).length === 0) {
        report({ message: 'Give it named `examples`: they are what the mock serves.', location: location.key() });
      }
    },
  };
}

/** The values that a schema lists, if it lists them: those of `enum`, or the one of `const`. */
const listedValues = (schema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);

const typesOf = ({ type }) => [type ?? []].flat();

function typeOfValue(value) {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'array';
  }
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** Listed values have a type beside them, and are of it: without one, documentation and generated clients say "any". */
function typedValues() {
  return {
    Schema(schema, { report, location }) {
      const types = typesOf(schema);
      const isTyped = (value) =>
        types.includes(typeOfValue(value)) || (typeof value === 'number' && types.includes('number'));
      const strange = (listedValues(schema) ?? []).filter((value) => !isTyped(value));
      if (strange.length > 0) {
        const values = strange.map((value) => JSON.stringify(value)).join(', ');
        report({ message: `Give it a \`type\` that fits ${values}.`, location: location.key() });
      }
    },
  };
}

const SCALARS = ['string', 'integer', 'number', 'boolean', 'null'];

/** The linter's own rules for properties, except that a list of values is example and limit enough. */
function scalarProperties() {
  return {
    Schema({ properties = {}, required = [] }, { report, location, resolve }) {
      for (const [name, property] of Object.entries(properties)) {
        const schema = resolve(property).node;
        const types = typesOf(schema);
        const at = location.child(['properties', name]).key();
        if (
          listedValues(schema) !== undefined ||
          types.length === 0 ||
          !types.every((type) => SCALARS.includes(type))
        ) {
          continue;
        }
        if (schema.examples === undefined) {
          report({ message: 'Give it `examples`.', location: at });
        }
        if (required.includes(name) && schema.type === 'string' && schema.minLength === undefined) {
          report({ message: 'Give it a `minLength`: it is required.', location: at });
        }
      }
    },
  };
}

export default () => ({
  id: 'gatehouse',
  rules: {
    oas3: {
      'door-errors': doorErrors,
      'request-ids': requestIds,
      'named-examples': namedExamples,
      'typed-values': typedValues,
      'scalar-properties': scalarProperties,
    },
  },
});
