// SPDX-License-Identifier: Apache-2.0
#include "agent/encode/json_writer.h"
#include "agent/sinks/page.h"
#include "agent/sinks/reading.h"
#include "agent/sinks/report_sinks.h"

namespace hullmark {

void WriteTextReport(const ReportInput& input, const ByteSink& sink) {
  Page page(sink, input.options.columns, input.options.color);
  const Reading reading = Read(input);
  WriteOverview(page, reading);
  page.Blank();
  WriteDetails(page, reading);
  page.Finish();
}

}  // namespace hullmark
