import { Command } from 'commander'
import { version } from '../workbench/version.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { engineBuildCommand } from './commands/engine-build.ts'
import { engineRemoveCommand } from './commands/engine-remove.ts'
import { experimentRunCommand } from './commands/experiment-run.ts'
import { forecastAskCommand } from './commands/forecast-ask.ts'
import { forecastEvaluateCommand } from './commands/forecast-evaluate.ts'
import { forecastTrainCommand } from './commands/forecast-train.ts'
import { generateCommand } from './commands/generate.ts'
import { judgeCompareCommand } from './commands/judge-compare.ts'
import { modelInspectCommand } from './commands/model-inspect.ts'
import { modelListCommand } from './commands/model-list.ts'
import { modelPullCommand } from './commands/model-pull.ts'
import { monitorExportCommand } from './commands/monitor-export.ts'
import { monitorReplayCommand } from './commands/monitor-replay.ts'
import { ratingsAgreeCommand } from './commands/ratings-agree.ts'
import { ratingsDrawCommand } from './commands/ratings-draw.ts'
import { ratingsImportCommand } from './commands/ratings-import.ts'
import { screenCommand } from './commands/screen.ts'
import { serveCommand } from './commands/serve.ts'
import { shiftCommand } from './commands/shift.ts'
import { traitCheckCommand } from './commands/trait-check.ts'
import { traitListCommand } from './commands/trait-list.ts'
import { traitNewCommand } from './commands/trait-new.ts'
import { traitShowCommand } from './commands/trait-show.ts'
import { vectorCombineCommand } from './commands/vector-combine.ts'
import { vectorCompareCommand } from './commands/vector-compare.ts'
import { vectorExportCommand } from './commands/vector-export.ts'
import { vectorExtractCommand } from './commands/vector-extract.ts'
import { vectorImportCommand } from './commands/vector-import.ts'
import { vectorProfileCommand } from './commands/vector-profile.ts'
import { vectorShowCommand } from './commands/vector-show.ts'

/** The whole command line, for the program and for its documentation. */
export function personascopeCommand(): Command {
  const group = (name: string, description: string, ...commands: Command[]) => {
    const parent = new Command(name).description(description)
    for (const command of commands) parent.addCommand(command)
    return parent
  }
  const program = new Command('personascope')
    .description('Measure and control the character of a language model.')
    .version(version)
    .option('--model <name>', 'a catalogue id, file:<path> or hf:<owner>/<repo>/<file>.gguf', 'smollm2-135m-instruct')
    .option('--workspace <folder>', 'where traits, vectors and runs are kept', '.personascope')
    .option('--json', 'print the result as JSON', false)
  program.addCommand(
    group('model', 'get models and look at them', modelPullCommand(), modelListCommand(), modelInspectCommand()),
  )
  program.addCommand(
    group(
      'trait',
      'write traits and look at them',
      traitListCommand(),
      traitShowCommand(),
      traitCheckCommand(),
      traitNewCommand(),
    ),
  )
  program.addCommand(
    group(
      'vector',
      'make persona vectors and look at them',
      vectorExtractCommand(),
      vectorProfileCommand(),
      vectorShowCommand(),
      vectorCompareCommand(),
      vectorCombineCommand(),
      vectorExportCommand(),
      vectorImportCommand(),
    ),
  )
  program.addCommand(group('experiment', 'measure what a vector tells', experimentRunCommand()))
  const forecast = group('forecast', 'tell the score of an answer before a word is written', forecastTrainCommand())
  forecast.addCommand(forecastEvaluateCommand())
  // `forecast "How are you?"` asks; so a question needs no name of a command before it.
  program.addCommand(forecast.addCommand(forecastAskCommand(), { isDefault: true }))
  program.addCommand(group('judge', 'check judges against each other', judgeCompareCommand()))
  program.addCommand(
    group(
      'ratings',
      'check judges against people',
      ratingsDrawCommand(),
      ratingsImportCommand(),
      ratingsAgreeCommand(),
    ),
  )
  program.addCommand(screenCommand())
  program.addCommand(shiftCommand())
  program.addCommand(generateCommand())
  program.addCommand(serveCommand())
  program.addCommand(group('monitor', 'readings of conversations', monitorReplayCommand(), monitorExportCommand()))
  program.addCommand(group('engine', 'build llama.cpp for this CPU', engineBuildCommand(), engineRemoveCommand()))
  program.addCommand(doctorCommand())
  program.addCommand(demoCommand())
  return program
}
