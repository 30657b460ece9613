/**
 * Every error a user can meet, in one table.
 *
 * `message` says what was expected, what came and what exists, with `{name}` places filled from the facts;
 * `remedy` says what helps. `exitCode` is what the command line ends with, `httpStatus` what a server answers.
 * docs/errors.md is generated from this table.
 */

/** Exit codes of the command line. */
export const exitCodes = {
  /** The command did what was asked. */
  success: 0,
  /** A fault of Personascope itself. */
  internal: 1,
  /** The command line or an input file is wrong: the user can correct it. */
  usage: 2,
  /** Something the command needs is missing: a model, a file, the network, a library, disk space. */
  unavailable: 3,
  /** The engine or a file failed while working. */
  failed: 4,
  /** What was measured is what --fail-if names; everything was done and written. */
  condition: 5,
  /** Stopped by Ctrl-C; a run can be continued. */
  interrupted: 130,
} as const

export interface CatalogueEntry {
  readonly message: string
  readonly remedy: string
  readonly exitCode: number
  readonly httpStatus: number
}

const usage = { exitCode: exitCodes.usage, httpStatus: 400 } as const
const unavailable = { exitCode: exitCodes.unavailable, httpStatus: 503 } as const
const failed = { exitCode: exitCodes.failed, httpStatus: 500 } as const

export const catalogue = {
  INTERNAL: {
    message: 'Personascope met a fault of its own: {detail}.',
    remedy: 'Run the command again with PERSONASCOPE_DEBUG=1 for the stack trace, and report it.',
    exitCode: exitCodes.internal,
    httpStatus: 500,
  },
  INTERRUPTED: {
    message: 'Stopped{detail}.',
    remedy: 'Run the same command again to continue where it stopped.',
    exitCode: exitCodes.interrupted,
    httpStatus: 499,
  },
  OPTION_INVALID: {
    message: 'Expected {option} to be {expected}, got "{got}".',
    remedy: 'See the command with --help.',
    ...usage,
  },
  FILE_NOT_FOUND: {
    message: 'Expected a {kind} at {path}, found nothing there.',
    remedy: 'Check the path.',
    ...usage,
  },
  FILE_INVALID: {
    message: '{path} is not a valid {kind}: {detail}.',
    remedy: 'Correct the file or make it again.',
    ...usage,
  },
  DISK_FULL: {
    message: 'No space left while writing {path}.',
    remedy:
      'Free some space, or name another place with PERSONASCOPE_CACHE or --workspace. Nothing half-written was left.',
    ...unavailable,
  },
  FILE_UNWRITABLE: {
    message: 'Cannot write {path}: {detail}.',
    remedy: 'Check the permissions, or name another place with PERSONASCOPE_CACHE or --workspace.',
    ...unavailable,
  },
  NODE_UNSUPPORTED: {
    message: 'Personascope needs Node {lowest} or newer, this is {version} ({path}).',
    remedy: 'Install a newer Node (24 is what it is tested with), or put one first on the PATH.',
    ...unavailable,
  },

  MODEL_UNKNOWN: {
    message:
      'Expected a model of the catalogue, file:<path> or hf:<owner>/<repo>/<file>.gguf, got "{model}". The catalogue has: {available}.',
    remedy: 'See them with `personascope model list`.',
    ...usage,
  },
  MODEL_NOT_PULLED: {
    message: 'Model {model} is not on this machine.',
    remedy: 'Get it with `personascope model pull {model}`.',
    ...unavailable,
  },
  MODEL_UNREACHABLE: {
    message: 'Could not get {model} from any source: {detail}.',
    remedy:
      'Check the network, or give a local file with --model file:<path>. `personascope doctor` shows which sources work here.',
    ...unavailable,
  },
  MODEL_HASH_MISMATCH: {
    message: 'Expected sha256 {expected} for {path}, got {got}. The file was not used.',
    remedy: 'Pull it again; if it happens twice, the source holds another file than the catalogue names.',
    ...failed,
  },
  MODEL_FILE_INVALID: {
    message: '{path} is not a usable GGUF file: {detail}.',
    remedy: 'Pull or copy the file again: it may be cut short, or of another format.',
    ...usage,
  },
  MODEL_ARCHITECTURE_UNSUPPORTED: {
    message: 'The architecture "{architecture}" of {path} cannot be read layer by layer: {detail}.',
    remedy: 'Use a decoder with plain block outputs (Llama, Qwen, Gemma, Mistral, Phi, SmolLM and the like).',
    ...usage,
  },
  ADAPTER_UNFIT: {
    message: 'The adapter {path} cannot be laid over {model}: {detail}.',
    remedy: 'Name the model it was trained on, and write the adapter with llama.cpp’s convert_lora_to_gguf.py.',
    ...usage,
  },
  MODEL_NO_CHAT_TEMPLATE: {
    message: 'Model {model} has no chat template, so messages cannot be turned into a prompt.',
    remedy: 'Give --prompt with --raw for plain text, or use an instruction-tuned model.',
    ...usage,
  },
  CHAT_TEMPLATE_FAILED: {
    message: 'The chat template of {model} refused the messages: {detail}.',
    remedy: 'Check the order of roles (user and assistant in turn, system first).',
    ...usage,
  },

  ENGINE_LIBRARY_MISSING: {
    message: 'No llama.cpp library for {platform} was found (looked for {looked}).',
    remedy: 'Install it with `npm install {package}`; platforms other than Linux x64 are untried.',
    ...unavailable,
  },
  ENGINE_LIBRARY_MISMATCH: {
    message: 'The llama.cpp library in {path} is not the pinned version: expected {field} = {expected}, got {got}.',
    remedy: 'Install the exact version package.json names, or remove a native build with `personascope engine remove`.',
    ...unavailable,
  },
  ENGINE_GPU_UNUSABLE: {
    message: 'The llama.cpp library for NVIDIA GPUs cannot be used: {detail}.',
    remedy:
      'It needs the NVIDIA driver and the CUDA 13 libraries (cudart, cublas) where the loader finds them (LD_LIBRARY_PATH); PERSONASCOPE_ENGINE=prebuilt computes on the CPU.',
    ...unavailable,
  },
  ENGINE_BUILD_FAILED: {
    message: 'Building llama.cpp for this CPU failed at {step}: {detail}.',
    remedy: 'Nothing was changed; the prebuilt library goes on being used. Needed are git, cmake and a C++ compiler.',
    ...unavailable,
  },
  ENGINE_LOAD_FAILED: {
    message: 'llama.cpp could not load {path}: {detail}.',
    remedy: 'Check the file with `personascope model inspect`, and that enough memory is free.',
    ...failed,
  },
  ENGINE_OUT_OF_MEMORY: {
    message: 'Not enough memory for {slots} sequences of {tokens} tokens: {detail}.',
    remedy: 'Ask for fewer or shorter sequences (--slots, --max-tokens).',
    ...unavailable,
  },
  ENGINE_CRASHED: {
    message: 'The engine process ended unexpectedly ({detail}). Its running requests are lost.',
    remedy:
      'It is started again by itself; send the request again. If it keeps happening, report it with the line above.',
    ...failed,
    httpStatus: 503,
  },
  ENGINE_CLOSED: {
    message: 'The engine is closed.',
    remedy: 'Open it again before sending requests.',
    ...failed,
  },
  ENGINE_ABORTED: {
    message: 'The request was aborted.',
    remedy: 'Send it again if it is still wanted.',
    exitCode: exitCodes.interrupted,
    httpStatus: 499,
  },
  PROMPT_TOO_LONG: {
    message:
      'The prompt has {promptTokens} tokens and up to {maxTokens} are to be written, but the context holds {contextTokens}.',
    remedy: 'Shorten the prompt or ask for fewer tokens (--max-tokens).',
    ...usage,
  },
  PROMPT_EMPTY: {
    message: 'Expected a prompt with at least one token, got an empty one.',
    remedy: 'Give some text.',
    ...usage,
  },
  LAYER_OUT_OF_RANGE: {
    message: 'Expected layer {lowest}..{highest} of {model}, got {layer}.',
    remedy:
      'Layer L is the residual stream after block L-1; layer 0 is the token embedding and can be read but not steered.',
    ...usage,
  },
  REQUEST_INVALID: {
    message: 'Expected {field} to be {expected}, got {got}.',
    remedy: 'Correct the request.',
    ...usage,
  },
  GRAMMAR_INVALID: {
    message: 'The grammar could not be read: {detail}.',
    remedy: 'It must be in GBNF, with a rule named root.',
    ...usage,
  },
  SCHEMA_UNSUPPORTED: {
    message: 'The JSON schema cannot be turned into a grammar at {place}: {detail}.',
    remedy: 'What is understood is listed in docs/engine.md. Leave the keyword out and check the answer yourself.',
    ...usage,
  },
  GRAMMAR_STUCK: {
    message: 'After {tokens} tokens the grammar allows no token of the vocabulary, so it cannot be met.',
    remedy: 'Check the grammar: it asks for text that this tokenizer cannot write.',
    ...usage,
  },

  TRAIT_UNKNOWN: {
    message: 'Expected a trait, got "{trait}". There are: {available}.',
    remedy: 'Name one of them, or give the path of a trait file (.yaml).',
    ...usage,
  },
  TRAIT_INVALID: {
    message: 'The trait file {path} is not valid: {detail}.',
    remedy: 'The format is described in docs/trait.md.',
    ...usage,
  },
  TRAIT_NAME_TAKEN: {
    message: 'There is a trait {trait} at {path} already.',
    remedy: 'Choose another name, or add --force to write it anew.',
    ...usage,
  },
  AUTHOR_SPEC_INVALID: {
    message: 'Expected an author as engine or <URL>#<model>, got "{got}"{detail}.',
    remedy: 'For example http://127.0.0.1:8000/v1#qwen2.5-72b-instruct for a model behind an OpenAI-compatible server.',
    ...usage,
  },
  AUTHOR_UNREACHABLE: {
    message: 'The author {author} gave no answer{after}: {detail}.',
    remedy:
      'Check the address and the key (PERSONASCOPE_AUTHOR_KEY, else OPENAI_API_KEY). What was written is kept; the same command goes on.',
    ...unavailable,
  },
  AUTHOR_REFUSED: {
    message: 'The author {author} refused the request with status {status}: {detail}.',
    remedy: 'Check the model name, the key and what the server supports. What was written is kept.',
    ...usage,
  },
  AUTHOR_FAILED: {
    message: 'The author {author} wrote no usable {part}: {detail}.',
    remedy:
      'Run the same command again, with another --seed or a more able author, or describe the trait in other words. What was good is kept.',
    ...failed,
  },
  JUDGE_MISSING: {
    message: 'The trait {trait} needs a judge: no word list measures it.',
    remedy:
      'Give --judge URL#model (a model behind an OpenAI-compatible server), --judge engine (the model itself), or --judge none, which keeps every answer and marks the vector unfiltered.',
    ...usage,
  },
  EXPERIMENT_NEEDS_JUDGE: {
    message: 'An experiment of {trait} needs a judge: without scores there is nothing to correlate with.',
    remedy:
      'Give --judge URL#model (a model behind an OpenAI-compatible server), --judge engine (the model itself), or --judge lexicon where the trait names a word list.',
    ...usage,
  },
  JUDGE_SPEC_INVALID: {
    message: 'Expected a judge as none, lexicon, engine or <URL>#<model>, got "{got}"{detail}.',
    remedy: 'For example http://127.0.0.1:8000/v1#qwen2.5-7b-instruct for a model behind an OpenAI-compatible server.',
    ...usage,
  },
  JUDGE_UNREACHABLE: {
    message: 'The judge {judge} gave no answer{after}: {detail}.',
    remedy: 'Check the address and the key (PERSONASCOPE_JUDGE_KEY, else OPENAI_API_KEY). What was scored is kept.',
    ...unavailable,
  },
  JUDGE_FAILED: {
    message: 'The judge {judge} does not judge: {detail}.',
    remedy: 'Use a more able judge model, or correct the rubric. What was scored is kept.',
    ...failed,
  },
  JUDGE_REFUSED: {
    message: 'The judge {judge} refused the request with status {status}: {detail}.',
    remedy: 'Check the model name, the key and what the server supports.',
    ...usage,
  },
  JUDGE_BUDGET_SPENT: {
    message: 'The judge may {limit}, and that is spent: {detail}.',
    remedy: 'What was scored is kept; raise --max-judge-calls or --max-judge-cost and run the same command again.',
    ...unavailable,
  },
  JUDGE_ABORTED: {
    message: 'Judging was stopped.',
    remedy: 'Run the same command again to go on; what was scored is kept.',
    exitCode: exitCodes.interrupted,
    httpStatus: 499,
  },
  RUN_UNKNOWN: {
    message: 'Expected a run of `vector extract` or `experiment run`, got "{run}". There are: {available}.',
    remedy: 'Name one of them, or give the path of its folder.',
    ...usage,
  },
  RUN_JUDGE_UNCLEAR: {
    message: 'Expected a judge that scored the run {run}, got "{judge}". Its judges are: {available}.',
    remedy: 'Name one of them with --judge, or a part of its name that no other has.',
    ...usage,
  },
  RATING_SAMPLE_UNKNOWN: {
    message: 'Expected a sample drawn for raters, got "{sample}". There are: {available}.',
    remedy: 'Name one of them; `personascope ratings draw <run>` draws one.',
    ...usage,
  },
  RATINGS_INVALID: {
    message: '{count} of {total} rows could not be taken in: {detail}.',
    remedy: 'The others were kept. Correct these and import the file again: what is known is not counted twice.',
    ...usage,
  },
  VECTOR_UNKNOWN: {
    message: 'No vector "{vector}" for {model} in {workspace}. There are: {available}.',
    remedy: 'Make it with `personascope vector extract {vector}`.',
    ...usage,
  },
  VECTOR_MODEL_MISMATCH: {
    message: 'The vector {vector} was made on {expected}, the model in use is {got}.',
    remedy: 'Extract the vector on this model, or name the model it was made on.',
    ...usage,
  },
  VECTOR_KIND_MISSING: {
    message: 'The vector {vector} has no direction {kind}. It has: {available}.',
    remedy: 'An imported vector has the one direction its file held; extract the trait for all of them.',
    ...usage,
  },
  VECTOR_NORMS_UNKNOWN: {
    message: 'The vector {vector} does not know how long response tokens are, so it has no relative doses.',
    remedy: 'Give a coefficient, or import it again with --norms-from <a vector extracted on the same model>.',
    ...usage,
  },
  VECTOR_CONVENTION_UNCLEAR: {
    message: 'Cannot tell which layers {path} means: {detail}.',
    remedy: 'Say how it counts with --convention, one of {choices}; docs/vector-formats.md explains them.',
    ...usage,
  },
  VECTOR_NAME_TAKEN: {
    message: 'There is a vector {vector} for {model} already.',
    remedy:
      'Choose another --name, or add --overwrite; `vector extract` never replaces what was imported or combined: move that file.',
    ...usage,
  },
  VECTORS_UNRELATED: {
    message: 'Expected vectors of one model: {first} is of {firstModel}, {second} of {secondModel}.',
    remedy: 'Extract or import both for the same model.',
    ...usage,
  },
  COMBINATION_INVALID: {
    message: 'Expected a weighted sum of vectors, got "{got}": {detail}.',
    remedy: 'For example "0.5*joyful - 0.2*evil", with spaces around + and -.',
    ...usage,
  },
  VECTOR_NO_PAIRS: {
    message: 'No pair of answers was kept, and a persona vector needs at least one{detail}.',
    remedy:
      'Allow longer answers (--max-tokens), sharpen the contrastive prompts, ask another judge, or keep every pair with --judge none.',
    ...usage,
  },
  FORECASTER_UNKNOWN: {
    message: 'No forecaster "{forecaster}" for {model} in {workspace}. There are: {available}.',
    remedy: 'Train one with `personascope forecast train --trait <trait>`.',
    ...usage,
  },
  FORECASTER_UNCLEAR: {
    message: 'Expected to know which forecaster is meant; for {model} there are: {available}.',
    remedy: 'Name one with --forecaster.',
    ...usage,
  },
  FORECASTER_MISMATCH: {
    message: 'The forecaster of {trait} was trained with another {what}: expected {expected}, got {got}.',
    remedy: 'Use what it was trained with, or train one for this with `personascope forecast train`.',
    ...usage,
  },
  FORECAST_NEEDS_JUDGE: {
    message: 'A forecaster of {trait} needs a judge: it learns from scored answers.',
    remedy:
      'Give --judge URL#model (a model behind an OpenAI-compatible server), --judge engine (the model itself), or --judge lexicon where the trait names a word list.',
    ...usage,
  },
  FORECAST_TOO_FEW: {
    message: 'Expected at least {expected} to learn from, got {got}.',
    remedy: 'Ask for more --answers, or add forecastQuestions to the trait.',
    ...usage,
  },
  FORECAST_NOTHING_VARIES: {
    message: 'Nothing can be learned from {answers} scored answers: {detail}.',
    remedy: 'Check the judge on a few answers, and that the model answers at all; a higher --temperature may help.',
    ...failed,
  },
  FORECAST_TOPICS_OVERLAP: {
    message: 'Questions to measure on must not be those a forecaster is trained on: {detail}.',
    remedy: 'Take other questions out or in; one forecaster cannot be judged by what it has learned.',
    ...usage,
  },
  FORECAST_NOTHING_SCORED: {
    message: 'Nothing to evaluate a forecast on in {path}: {detail}.',
    remedy: 'Give a run of `experiment run`, or JSON lines with "question" (or "messages"), "answer" and "score".',
    ...usage,
  },
  SHIFT_MODELS_DIFFER: {
    message: 'Expected {tuned} to be a fine-tune of {base}: {detail}.',
    remedy:
      'Name the model it was tuned from first. Directions of one model say nothing of another, nor do answers to prompts of another form.',
    ...usage,
  },
  STEERING_INVALID: {
    message: 'Expected steering as <vector>[@<layer>]=<coefficient>, got "{got}".',
    remedy: 'For example --steer joyful=1.5 or --steer joyful@16=1.5; with --dose the number is a relative dose.',
    ...usage,
  },
  SERVER_NEEDS_KEY: {
    message: 'Listening on {host} lets other machines in, and there is no key.',
    remedy: 'Give --api-key or --keys, or listen on 127.0.0.1.',
    ...usage,
  },
  SERVER_CANNOT_LISTEN: {
    message: 'Cannot listen on {host}:{port}: {detail}.',
    remedy: 'Choose another --port; 0 takes a free one.',
    ...unavailable,
  },
  DATABASE_UNAVAILABLE: {
    message: 'The database {database} failed: {detail}.',
    remedy: 'Check DATABASE_URL, or that the file can be written.',
    ...unavailable,
  },
  DATABASE_TOO_NEW: {
    message:
      'The tables of the {database} database have form {found}, made by a newer Personascope; this one knows forms up to {known}.',
    remedy: 'Update Personascope, or use another database.',
    ...unavailable,
  },
  RUN_IN_USE: {
    message: 'The run {run} is being worked on by process {processId} on {where}.',
    remedy:
      'Wait for it, or end that process. One that is gone and was on another machine is forgotten after a minute.',
    ...unavailable,
  },

  DATASET_EMPTY: {
    message: '{path} holds no rows.',
    remedy: 'Check the path.',
    ...usage,
  },
  DATASET_SHAPE_UNKNOWN: {
    message: 'No conversation was found in the first {rows} rows of {path}. Its columns: {columns}.',
    remedy:
      'Name the columns with --prompt-column and --response-column, or use messages, conversations, prompt + answer, or instruction + output.',
    ...usage,
  },
  DATASET_ROW_INVALID: {
    message: 'The row in line {line} of {path} {fault}, and --strict allows no such row.',
    remedy: 'Correct the row, or leave out --strict to have such rows counted and kept aside.',
    ...usage,
  },
  HUB_DATASET_UNREACHABLE: {
    message: 'Could not get {dataset} from the Hugging Face hub: {detail}.',
    remedy:
      'Check the name and the network; for a gated or private dataset set HF_TOKEN. A file on this machine is read by its path.',
    ...unavailable,
  },
  HUB_DATASET_PART_UNKNOWN: {
    message: 'Which rows of {dataset} are meant is not clear. It has: {available}.',
    remedy:
      'Name a configuration and split, like hf:<owner>/<name>:<config>/<split>, or a file, like hf:<owner>/<name>/<file>.',
    ...usage,
  },
  DATASET_CHANGED: {
    message: '{path} is not what was screened: expected sha256 {expected}, got {got}.',
    remedy: 'Screen it again.',
    ...usage,
  },
  DATASET_CHANGED_MEANWHILE: {
    message: '{path} was written to while it was screened.',
    remedy:
      'Run the command again when the file is whole; rows that were read before the change are kept with the old file.',
    ...usage,
  },
  SCREENING_UNKNOWN: {
    message: 'No finished screening at {run}: {detail}.',
    remedy: 'Name the folder that `personascope screen` printed, and finish the run first by the same command.',
    ...usage,
  },
  SCREENING_PARTIAL: {
    message: 'The screening {run} looked at {screened} of {rows} rows, so the others cannot be told apart.',
    remedy: 'Screen the whole dataset, without --limit and --sample.',
    ...usage,
  },
  SCREENING_DECIDED: {
    message: 'The screening {run} was made with --fast for {decision}; it cannot decide {got}.',
    remedy: 'Filter by the decision it was made for (no rule is needed then), or screen without --fast.',
    ...usage,
  },
  BASELINE_FLAT: {
    message: 'A baseline of {trait} needs answers that differ, and these have no spread.',
    remedy: 'Use a dataset with more, and more different, prompts and answers.',
    ...usage,
  },
  SCREENING_UNMEASURED: {
    message: 'No row has a {measure} of {trait}.',
    remedy:
      'z needs a screening with --baseline, difference one with --difference; any score needs a row that could be read.',
    ...usage,
  },
  SCREENING_CONDITION_MET: {
    message: 'The condition of --fail-if is met: {conditions}.',
    remedy: 'Look at the report, and filter the dataset with `personascope screen filter`.',
    exitCode: exitCodes.condition,
    httpStatus: 422,
  },
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof catalogue
