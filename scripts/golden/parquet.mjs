// Small Parquet files of one table, packed in several ways: src/data/golden/parquet/. What reads them
// writes none, so another library does. Run from the repository's root:
//
//   npm install --prefix out/parquet hyparquet-writer && node scripts/golden/parquet.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const writer = createRequire(`${process.cwd()}/out/parquet/package.json`).resolve('hyparquet-writer');
const { parquetWriteBuffer } = await import(pathToFileURL(writer).href);

const ROWS = 10;
const each = (of) => Array.from({ length: ROWS }, (_, i) => of(i));
const columnData = [
  { name: 'width', data: each((i) => i / 4), type: 'DOUBLE' },
  { name: 'count', data: each((i) => i * i - 5), type: 'INT32' },
  { name: 'large', data: each((i) => BigInt(i) * 1_000_000n), type: 'INT64' },
  { name: 'isOld', data: each((i) => i % 3 === 0), type: 'BOOLEAN' },
  { name: 'at', data: each((i) => new Date(1000 * i)), type: 'TIMESTAMP' },
  { name: 'kind', data: each((i) => (i === 4 ? null : ['cat', 'dog'][i % 2])), type: 'STRING' },
  { name: 'rare', data: each((i) => (i < 8 ? i : null)), type: 'DOUBLE' },
];

mkdirSync('src/data/golden/parquet', { recursive: true });
for (const [name, options] of Object.entries({
  snappy: { codec: 'SNAPPY' },
  plain: { codec: 'UNCOMPRESSED' },
  groups: { codec: 'SNAPPY', rowGroupSize: 3 },
})) {
  writeFileSync(`src/data/golden/parquet/${name}.parquet`, Buffer.from(parquetWriteBuffer({ columnData, ...options })));
}
