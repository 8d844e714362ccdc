/**
 * Japanese for the sentences in which rows and configuration files are refused: those are written in English where they
 * arise, for the command line too, and told in the editor's language by `translateMessage`. `{name}` stands for what
 * differs; what is called `what`, `expected` or `reason` is itself looked up here.
 */
export const japaneseDataMessages = {
  // Words within sentences
  missing: 'ありません',
  null: 'null です',
  'a list': 'リスト',
  'an object': 'オブジェクト',
  'a text': 'テキスト',
  'a number': '数値',
  'a boolean': '真偽値',
  'true or false': 'true または false',
  'a turn': 'ターン',
  'a token id': 'トークン ID',
  'a list of turns': 'ターンのリスト',
  'a text or a list of parts': 'テキスト、またはパートのリスト',
  'a text or a list of texts': 'テキスト、またはテキストのリスト',
  'a list of tools, or such a list as JSON text': 'ツールのリスト、またはそれを JSON にしたテキスト',
  'a pair of question and answer': '質問と回答の組',
  'an object of the texts chosen and rejected': 'テキスト chosen と rejected を持つオブジェクト',
  'a folder or a .gguf file': 'フォルダーまたは .gguf ファイル',
  'a file': 'ファイル',
  'a folder': 'フォルダー',

  // JSON that does not parse
  'not JSON.': 'JSON ではありません。',
  'not JSON: {reason}.': 'JSON ではありません: {reason}。',
  'not JSON at column {column}: {reason}.': '{column} 文字目で JSON として読めません: {reason}。',
  'the text ends too early, a closing {bracket} is missing': 'テキストが途中で終わり、閉じる {bracket} がありません',
  'the text ends too early, there is no value': 'テキストが途中で終わり、値がありません',
  'the text ends inside a string, a closing " is missing': '文字列の途中でテキストが終わり、閉じる " がありません',
  'a \\u escape without four hexadecimal digits': '\\u の後に 16 進数 4 桁がありません',
  'a bare control character {character} inside a string': '文字列の中に制御文字 {character} がそのまま入っています',
  'the escape \\{character}, which JSON does not have': 'エスケープ \\{character} は JSON にありません',
  '{character} after the end of the value': '値の終わりの後に {character} があります',
  '{character} where , or {bracket} is expected': '{character} の位置には , または {bracket} が必要です',
  '{character} where : is expected': '{character} の位置には : が必要です',
  '{character} where a key in double quotes is expected': '{character} の位置には二重引用符付きのキーが必要です',
  '{character} where a value is expected': '{character} の位置には値が必要です',
  'invalid symbol': '不正な記号',
  'invalid number format': '数値の形式が不正',
  'property name expected': 'キーが必要',
  'value expected': '値が必要',
  'colon expected': 'コロンが必要',
  'comma expected': 'コンマが必要',
  'close brace expected': '閉じる } が必要',
  'close bracket expected': '閉じる ] が必要',
  'end of file expected': 'ここでファイルが終わる必要があります',
  'invalid comment token': 'コメントが不正',
  'unexpected end of comment': 'コメントが閉じていません',
  'unexpected end of string': '文字列が閉じていません',
  'unexpected end of number': '数値が途中で終わっています',
  'invalid unicode': 'Unicode エスケープが不正',
  'invalid escape character': 'エスケープ文字が不正',
  'invalid character': '不正な文字',
  'Repair or delete this row; the other rows are read.': 'この行を直すか削除してください。ほかの行は読まれます。',
  'Repair or delete this row.': 'この行を直すか削除してください。',
  'Split or delete this row.': 'この行を分けるか削除してください。',
  'Flatten or delete this row.': 'この行の入れ子を減らすか削除してください。',

  // Rows that cannot be read
  'byte 0x{byte} at offset {offset} is not UTF-8.': 'オフセット {offset} のバイト 0x{byte} は UTF-8 ではありません。',
  'Save the file as UTF-8, or repair or delete this row.':
    'ファイルを UTF-8 で保存するか、この行を直すか削除してください。',
  'the row is nested {depth} deep; the limit is {limit}.': '行の入れ子が {depth} 段あります。上限は {limit} 段です。',
  'the row is {what}, not an object.': '行が{what}で、オブジェクトではありません。',
  'Write each row as {"field": value, …}; a file that is one JSON array needs the ending .json.':
    '各行を {"field": value, …} と書いてください。全体が 1 つの JSON 配列なら拡張子を .json にしてください。',
  'the key {keys} is there twice; the last value counts.': 'キー {keys} が二つあります。最後の値が使われます。',
  'Keep one of them.': '一つだけ残してください。',
  'the row holds a NUL byte (column {column}), often the trace of an interrupted write.':
    '行に NUL バイト ({column} 文字目) があります。書き込みが中断された跡であることが多いものです。',
  'a text holds half a surrogate pair ({escape}).': 'テキストにサロゲートペアの片方 ({escape}) だけがあります。',
  'Write the whole character or delete the escape.': '文字全体を書くか、エスケープを削除してください。',
  'a number is beyond the range of a double.': '数値が倍精度の範囲を超えています。',
  'Write it as a text or correct it.': 'テキストとして書くか、直してください。',
  'the row has {bytes} bytes; the limit is {limit}.': '行が {bytes} バイトあります。上限は {limit} バイトです。',
  'the row is longer than a row may be.': '行が長すぎます。',
  'the record has {cells} cells; the header names {columns}.':
    'レコードのセルは {cells} 個ですが、見出しは {columns} 個です。',
  'Quote cells that hold the delimiter, or add the missing cells.':
    '区切り文字を含むセルを引用符で囲むか、足りないセルを加えてください。',
  'a quoted field is opened and not closed as CSV needs it.': '引用符で始まるフィールドが CSV の形で閉じていません。',
  'Write " inside a field as "".': 'フィールドの中の " は "" と書いてください。',

  // Rows that do not fit their schema
  'no schema is recognised; the row has the fields {fields}.':
    'スキーマを判別できません。行のフィールドは {fields} です。',
  'Rename the columns to text, or prompt and completion, or messages; or state the mapping beside the data.':
    '列名を text、または prompt と completion、または messages に変えるか、データの隣に対応を書いてください。',
  'It looks like {schema}, but a field has another type than that needs; check the values.':
    '{schema} に似ていますが、型の違うフィールドがあります。値を確かめてください。',
  'It looks like {schema}, which also needs {fields}.': '{schema} に似ていますが、{fields} も必要です。',
  'the field {field} is missing.': 'フィールド {field} がありません。',
  'the field {field} is null.': 'フィールド {field} が null です。',
  'the field {field} is an empty list.': 'フィールド {field} が空のリストです。',
  'the field {field} is {what}, not {expected}.': 'フィールド {field} が{what}で、{expected}ではありません。',
  'the field {field} is empty.': 'フィールド {field} が空です。',
  'the field {field} is {value}.': 'フィールド {field} が {value} です。',
  'Give it {expected}.': '{expected}を入れてください。',
  'Make it {expected}.': '{expected}にしてください。',
  'Make it a number of 0 or more.': '0 以上の数にしてください。',
  'Add turns to it.': 'ターンを加えてください。',
  'Delete the row.': '行を削除してください。',
  'the answer of turn {turn} is empty.': '{turn} 番目のターンの回答が空です。',
  'Write the answer, or delete the row.': '回答を書くか、行を削除してください。',
  'the chosen and the rejected answer are the same.': '選ばれた回答と退けられた回答が同じです。',
  'the id "{id}" is taken by line {line}.': 'ID "{id}" は {line} 行目で使われています。',
  'Give each row its own id.': '行ごとに別の ID を付けてください。',
  'the row is the same as line {line}.': '{line} 行目と同じ行です。',
  'Keep one, or give it a weight.': '一方を残すか、重みを付けてください。',
  'Correct one of them, or delete the row.': 'どちらかを直すか、行を削除してください。',
  'Use one of {known}.': '{known} のいずれかにしてください。',
  '{place} is of the type "{type}"; Whence reads text alone.':
    '{place} の種類は "{type}" です。Whence が読むのはテキストだけです。',
  'Remove this part or leave the row out.': 'この部分を除くか、行を外してください。',
  '{place} is {value}; a turn is trained (1, true) or not (0, false).':
    '{place} が {value} です。ターンは学習する (1, true) か、しない (0, false) かのどちらかです。',
  'Use a weight of the whole row for anything between.': '中間の値には行全体の重みを使ってください。',
  '{place} spans {begin} to {end}; the content has the characters 0 to {last}.':
    '{place} は {begin} から {end} までですが、内容の文字は 0 から {last} までです。',
  'Correct begin_offset and end_offset (both inclusive).':
    'begin_offset と end_offset (どちらも含む) を直してください。',
  '{place} has no two answers of different rank.': '{place} に順位の異なる回答が二つありません。',
  'Rank them or delete the row.': '順位を付けるか、行を削除してください。',
  '{place} has {count} steps, {other} {labels}.': '{place} は {count} 段階、{other} は {labels} 個です。',
  'Give one label for each step.': '各段階にラベルを一つずつ付けてください。',
  'the row is a conversation, and the model has no chat template.':
    '行は会話ですが、モデルにチャットテンプレートがありません。',
  'Choose a model with a chat template, or give rows of prompt and completion.':
    'チャットテンプレートのあるモデルを選ぶか、prompt と completion の行にしてください。',
  'no turn of {place} is trained.': '{place} に学習されるターンがありません。',
  'Add an assistant turn, or train one.': 'assistant のターンを加えるか、学習するターンを指定してください。',
  '{place} has {count} entries, {other} {entries}.': '{place} の要素は {count} 個、{other} は {entries} 個です。',
  'Make them equally long.': '同じ長さにしてください。',
  '{place} masks every token.': '{place} がすべてのトークンを隠しています。',
  'Correct it or delete the row.': '直すか、行を削除してください。',
  '{place} is {value}, not {expected}.': '{place} が {value} で、{expected}ではありません。',
  '{place} is "{value}".': '{place} が "{value}" です。',
  'unknown key "{key}".': '未知のキー "{key}" です。',
  'Did you mean "{name}"?': '"{name}" ではありませんか?',

  // Queries and behaviour tests
  'the measurement is {value}.': '測り方が {value} です。',
  'a margin needs the completion that should lose.': 'margin には、負けるべき回答が必要です。',
  'Add "rejected".': '"rejected" を加えてください。',
  'a part is of one completion that is a text.': 'part が指せるのは、テキストである一つの回答だけです。',
  'Delete "part".': '"part" を削除してください。',
  '"part" is {value}; the completion has the characters 0 to {last}.':
    '"part" が {value} です。回答の文字は 0 から {last} までです。',
  'Give [begin, end] with begin < end.': 'begin < end となる [begin, end] を入れてください。',
  'a tokenized query cannot have a rejected text.':
    'トークン化された問い合わせに rejected のテキストは付けられません。',
  'Delete "rejected".': '"rejected" を削除してください。',
  'the last of messages is not an assistant turn.': 'messages の最後が assistant のターンではありません。',
  'End with the answer to trace.': 'たどりたい回答で終えてください。',
  'there is neither prompt and completion nor messages.': 'prompt と completion も messages もありません。',
  'there is neither prompt nor messages.': 'prompt も messages もありません。',
  'Add them.': '加えてください。',
  'Add one.': 'どちらかを加えてください。',
  'the id is {what}.': 'id が{what}です。',
  'the id is {what} without characters.': 'id が空の{what}です。',
  'Make it a text.': 'テキストにしてください。',
  'expect is empty.': 'expect が空です。',
  'expect has the unknown key "{key}".': 'expect に未知のキー "{key}" があります。',
  'expect.matches has {count} characters.': 'expect.matches が {count} 文字あります。',
  'Use at most {count}.': '{count} 文字までにしてください。',
  'expect.matches is no regular expression: {text}.': 'expect.matches は正規表現ではありません: {text}。',
  'Correct it.': '直してください。',
  'messages is empty.': 'messages が空です。',
  'Give the turns of the prompt.': 'プロンプトのターンを入れてください。',
  'messages has an answer and no prompt.': 'messages に回答があり、プロンプトがありません。',
  'Put the user turn before it.': 'その前に user のターンを置いてください。',

  // What a model makes of a row
  'nothing of the row is trained: {model} was trained with {tokens} tokens a row, and {cut} are cut off.':
    '行のどこも学習されません: {model} の学習は 1 行 {tokens} トークンまでで、{cut} トークンが切り捨てられます。',
  '{model} is trained with no token of the row.': '{model} はこの行のどのトークンも学習しません。',
  'Shorten the row, or raise maxLength in the recipe.': '行を短くするか、レシピの maxLength を上げてください。',
  'Give the row an answer, or remove it.': '行に回答を入れるか、行を除いてください。',

  // whence.json and recipes
  'the file is nested too deep.': 'ファイルの入れ子が深すぎます。',
  'Check that it is the right file.': '正しいファイルか確かめてください。',
  'the file is empty.': 'ファイルが空です。',
  'Write a JSON object.': 'JSON オブジェクトを書いてください。',
  'the key "{key}" is given twice.': 'キー "{key}" が二つあります。',
  'Delete one of the two.': '一方を削除してください。',
  'unknown key "{key}" in {place}.': '{place} に未知のキー "{key}" があります。',
  'Known keys are {keys}.': '使えるキーは {keys} です。',
  '{place}: Invalid input: expected {type}, received {other}.': '{place}: {type} が必要ですが、{other} です。',
  '{place}: Invalid option: expected one of {choices}.': '{place}: {choices} のいずれかにしてください。',
  '{place}: Invalid input.': '{place}: 値が不正です。',
  '{place}: Too small: expected {type} to have {bound}.': '{place}: 短すぎます ({type}: {bound})。',
  '{place}: Too small: expected {type} to be {bound}.': '{place}: 小さすぎます ({type}: {bound})。',
  '{place}: Too big: expected {type} to have {bound}.': '{place}: 長すぎます ({type}: {bound})。',
  '{place}: Too big: expected {type} to be {bound}.': '{place}: 大きすぎます ({type}: {bound})。',
  '{place}: must be 0, because a run with dropout cannot be replayed row by row.':
    '{place}: 0 にしてください。ドロップアウトのある学習は行ごとに再現できません。',
  'Correct this value.': 'この値を直してください。',
  '{place} has neither path nor adapter.': '{place} に path も adapter もありません。',
  'Give one of them.': 'どちらかを入れてください。',
  '{place} holds a NUL character.': '{place} に NUL 文字があります。',
  '{place} is a URL; nothing is downloaded.': '{place} が URL です。何もダウンロードしません。',
  '{place} names a network share.': '{place} がネットワーク共有を指しています。',
  '{place} begins with ~, which is not expanded.': '{place} が ~ で始まっています。~ は展開されません。',
  'Give a path on this machine.': 'このマシン上のパスを入れてください。',
  '{place}: {path} does not exist.': '{place}: {path} がありません。',
  'Correct the path; it is relative to this file.': 'パスを直してください。このファイルからの相対パスです。',
  '{place}: {path} is not {expected}.': '{place}: {path} は{expected}ではありません。',
  'Correct the path.': 'パスを直してください。',
  '{place}: there is no model called "{name}".': '{place}: "{name}" というモデルはありません。',
  '{place}: there is no data called "{name}".': '{place}: "{name}" というデータはありません。',
  'Name one of {names}.': '{names} のいずれかにしてください。',
  '{place}: the bases go round in a circle.': '{place}: base が循環しています。',
  'Name the model it came from.': '元のモデルの名前を入れてください。',
  'lora is given, but the method is full.': 'lora がありますが、method は full です。',
  'Delete lora, or set "method": "lora".': 'lora を削除するか、"method": "lora" にしてください。',
  '{batches} batches but {rates} learning rates.': 'バッチは {batches} 個、学習率は {rates} 個です。',
  'Give one learning rate for each batch.': '各バッチに学習率を一つずつ入れてください。',

  // Keys of whence.json and recipes
  'Hugging Face folder or .gguf file; may be left out where an adapter names its base.':
    'Hugging Face のフォルダー、または .gguf ファイル。アダプターが元のモデルを指していれば省けます。',
  'PEFT adapter folder.': 'PEFT アダプターのフォルダー。',
  'Name of the model it came from.': '元のモデルの名前。',
  'Folder of the recorded run (whence-run).': '記録された学習のフォルダー (whence-run)。',
  'Names of the data it was trained on.': '学習に使ったデータの名前。',
  'Data file.': 'データファイル。',
  'Default: detected.': '既定: 判別した値。',
  'What a field is for -> its name in the file. Default: detected.':
    'フィールドの役割 -> ファイルでの名前。既定: 判別した値。',
  'Chat template file (Jinja). Default: the one of the model.':
    'チャットテンプレートのファイル (Jinja)。既定: モデルのもの。',
  'Attribution method. Default: {value}.': '帰属の方法。既定: {value}。',
  'Name -> checkpoint; paths are relative to this file.':
    '名前 -> チェックポイント。パスはこのファイルからの相対パスです。',
  'Name -> data file.': '名前 -> データファイル。',
  'Behaviours to trace.': 'たどる挙動。',
  'Behaviour tests.': '挙動テスト。',
  'What commands use where nothing is said.': '指定のないときにコマンドが使うもの。',
  'Where to compute. Default: {value}.': '計算する場所。既定: {value}。',
  'Rank of the adapter.': 'アダプターのランク。',
  'Scale: updates count alpha / r.': '倍率: 更新は alpha / r 倍になります。',
  'Module name endings, or all-linear: every linear layer but the output head.':
    'モジュール名の末尾、または all-linear (出力層を除くすべての線形層)。',
  'Always 0.': '常に 0。',
  'peft (A random, B zero), or the folder of an adapter to start from.':
    'peft (A は乱数、B は 0)、または出発点とするアダプターのフォルダー。',
  'Peak learning rate. Default {lora} for lora, {full} for full.':
    '学習率の最大値。既定は lora で {lora}、full で {full}。',
  'Decay of the first and second moment (adamw).': '1 次と 2 次のモーメントの減衰 (adamw)。',
  'sgd.': 'sgd 用。',
  'Added to the root (adamw).': '平方根に足す値 (adamw)。',
  'Added under the root (adamw).': '平方根の中に足す値 (adamw)。',
  'Decoupled for adamw, coupled for sgd.': 'adamw では分離型、sgd では結合型。',
  'Step 0 of a warm-up has rate 0.': 'ウォームアップの 0 ステップ目の学習率は 0 です。',
  'Name in whence.json or path. Default: the workspace default.':
    'whence.json の名前、またはパス。既定: ワークスペースの既定。',
  'Name in whence.json or path, or several. Default: the workspace default.':
    'whence.json の名前、またはパス (複数可)。既定: ワークスペースの既定。',
  'Only with method lora.': 'method が lora のときだけ。',
  'As transformers computes it.': 'transformers と同じ計算。',
  'Rows of one forward pass.': '1 回の順伝播の行数。',
  'Forward passes of one optimiser step.': '1 回の更新あたりの順伝播の回数。',
  'Tokens; longer rows are cut on the right.': 'トークン数。長い行は右側を切ります。',
  'Largest norm of all gradients together; 0: no clipping.': '勾配全体のノルムの上限。0: 切り詰めない。',
  'Of the rows in each epoch.': '各エポックでの行の順序。',
  'tokenMean: sum over trained tokens / their number. rowSum: mean over rows of summed losses.':
    'tokenMean: 学習されるトークンの損失の和 / その数。rowSum: 行ごとの損失の和の平均。',
  'Rows put before each row as examples; the loss is on the row alone.':
    '各行の前に例として置く行の数。損失はその行だけです。',
  'Rows (0-based) of every optimiser step; replaces batchSize, epochs and order.':
    '各更新の行 (0 始まり)。batchSize、epochs、order の代わりになります。',
  'Rate of every optimiser step; replaces the schedule.': '各更新の学習率。schedule の代わりになります。',

  // Requests that are refused
  'This workspace is not trusted, so nothing of it is run.':
    'このワークスペースは信頼されていないため、何も実行しません。',
  'Trust it (Workspaces: Manage Workspace Trust) if you know where it comes from.':
    '出所を知っているなら信頼してください (ワークスペース: ワークスペースの信頼の管理)。',
  'There is no row in line {line}.': '{line} 行目に行がありません。',
  'There is no row in these lines.': 'これらの行にデータの行がありません。',
  'Choose a row.': '行を選んでください。',
  'Choose lines that hold rows.': 'データのある行を選んでください。',
  'There is no probed row in line {line}.': '{line} 行目にプローブした行がありません。',
  'Choose a row with a mark ◇.': '印 ◇ のある行を選んでください。',
  'That trace is not kept any more.': 'そのトレースはもう残っていません。',
  'Trace the behaviour again.': '挙動をもう一度たどってください。',
  'whence.json names no queries.': 'whence.json に queries がありません。',
  'Add "queries": "queries.jsonl" to it.': '"queries": "queries.jsonl" を加えてください。',
  'whence.json names no behaviours.': 'whence.json に behaviours がありません。',
  'These rows are in quarantine already.': 'これらの行はすでに隔離されています。',
  'Restore them, or delete them.': '元に戻すか、削除してください。',
  '{file} holds no quarantined rows.': '{file} に隔離された行はありません。',
  'Open the .quarantine.jsonl file beside the data, and choose rows there.':
    'データの隣の .quarantine.jsonl ファイルを開き、そこで行を選んでください。',
  'A row cannot have the weight {weight}.': '行の重みを {weight} にはできません。',
  'Give a number of 0 or more.': '0 以上の数を入れてください。',
  'The row from line {line} of {file} was changed or removed in the meantime.':
    '{file} の {line} 行目にあった行は、その間に変更または削除されました。',
  'Copy what you wrote, close this page, and open the row again.':
    '書いたものをコピーし、このページを閉じて、行を開き直してください。',
  '{file} has {size} MB; no editor makes undoable edits of a file beyond 50 MB.':
    '{file} は {size} MB あります。50 MB を超えるファイルの編集は、エディターでは元に戻せません。',
  'Split it into smaller files (for example "split -C 40m"), name them in whence.json, and do it again there.':
    '小さなファイルに分け (例: "split -C 40m")、whence.json に書いて、そこでやり直してください。',
  'Rows of {file} are not lines of JSON, so they cannot be moved or changed one by one.':
    '{file} は 1 行 1 JSON ではないため、行を一つずつ動かしたり変えたりできません。',
  'Convert it to JSON Lines (.jsonl), name that file in whence.json, and do it again there.':
    'JSON Lines (.jsonl) に変換し、whence.json に書いて、そこでやり直してください。',
  '{file} is not UTF-8 throughout: an edit would change bytes of other rows.':
    '{file} に UTF-8 でない部分があります。編集するとほかの行のバイトが変わります。',
  'Save it as UTF-8, then do it again.': 'UTF-8 で保存してから、やり直してください。',
  '{file} does not exist.': '{file} がありません。',
  'Check whether it was moved.': '移動されていないか確かめてください。',
  '{file} has changed since it was opened.': '{file} は開いた後に変更されました。',
  'Close the editor and open the file again.': 'エディターを閉じて、ファイルを開き直してください。',
} as const satisfies Readonly<Record<string, string>>;
