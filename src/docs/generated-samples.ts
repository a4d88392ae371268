import type { DocsOperation } from './document.ts';
import { exampleNames, type Sample, sampleRequest, urlOf } from './samples.ts';

/** The languages that a library writes, with its names for them. Nobody runs these samples. */
const LANGUAGES = [
  { lang: 'go', client: 'native', label: 'Go (generated)' },
  { lang: 'java', client: 'nethttp', label: 'Java (generated)' },
  { lang: 'csharp', client: 'httpclient', label: 'C# (generated)' },
  { lang: 'php', client: 'curl', label: 'PHP (generated)' },
] as const;

/** Writes samples for an operation that stand beside those of `samplesOf`. */
export type SampleGenerator = (operation: DocsOperation, server: string) => Sample[];

/**
 * Loads the generator of samples in other languages. It cannot write variables, so `<GATEHOUSE_API_TOKEN>` stands for the value of
 * that variable. Rejects where `@scalar/snippetz`, a development dependency, is not installed.
 */
export async function loadSampleGenerator(): Promise<SampleGenerator> {
  const { snippetz } = await import('@scalar/snippetz');
  const { print } = snippetz();
  return (operation, server) => {
    const [example] = exampleNames(operation);
    const request = sampleRequest(operation, server, example);
    const { credentials, variableHeaders, headers, negotiated, body } = request;
    const har = {
      method: operation.method,
      url: urlOf(request),
      headers: [
        ...[...credentials, ...variableHeaders].map(({ header, prefix, variable }) => ({
          name: header,
          value: `${prefix}<${variable}>`,
        })),
        ...Object.entries({
          ...headers,
          ...negotiated,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        }).map(([name, value]) => ({ name, value })),
      ],
      ...(body !== undefined && { postData: { mimeType: 'application/json', text: JSON.stringify(body, null, 2) } }),
    };
    return LANGUAGES.map(({ lang, client, label }) => ({
      lang,
      label,
      source: (print(lang, client, har) ?? '').trim(),
    }));
  };
}
