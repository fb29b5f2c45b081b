// Orders a report, waits for it and downloads it: node built/example.js URL FILE, with the key in POLICYCORTEX_API_KEY.
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";

import { createClient } from "./generated/client/index.js";
import { createReport, downloadReport, getReport } from "./generated/sdk.gen.js";
import type { ReportDetails } from "./generated/types.gen.js";

const [address, target] = process.argv.slice(2);
const key = process.env["POLICYCORTEX_API_KEY"];
if (address === undefined || target === undefined || key === undefined) {
  throw new Error("usage: POLICYCORTEX_API_KEY=... node built/example.js URL FILE");
}
const client = createClient({ baseUrl: address, auth: key });

const ordered = await createReport({
  client,
  throwOnError: true,
  headers: { "idempotency-key": crypto.randomUUID() },
  body: {
    name: "October",
    type: "compliance",
    framework: "soc2",
    scope: { date_range_type: "last_month" },
    format_options: { formats: ["pdf"] },
  },
});

let report: ReportDetails;
do {
  const answer = await getReport({
    client,
    throwOnError: true,
    path: { report_id: ordered.data.id },
    headers: { prefer: "wait=20" },
  });
  report = answer.data;
} while (report.status === "pending" || report.status === "running");
if (report.status !== "completed") {
  throw new Error(`report ${report.id} is ${report.status}: ${report.failure?.message ?? ""}`);
}

const file = await downloadReport({
  client,
  throwOnError: true,
  parseAs: "arrayBuffer",
  path: { report_id: report.id, format: "pdf" },
});
const content = Buffer.from(file.data as unknown as ArrayBuffer);
const received = createHash("sha256").update(content).digest("hex");
if (received !== file.response.headers.get("X-Checksum-SHA256")) {
  throw new Error(`the file arrived damaged: SHA-256 ${received}`);
}
await writeFile(target, content);
console.log(`${report.id} ${received}`);
