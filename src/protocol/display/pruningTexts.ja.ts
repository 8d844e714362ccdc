import type { englishPruningTexts } from './pruningTexts';

/** What the Pruning panel says, in Japanese. */
export const japanesePruningTexts: { readonly [K in keyof typeof englishPruningTexts]: string } = {
  pruningTitle: '枝刈りの提案',
  noProposal: 'まだ提案はありません',
  noProposalText:
    '提案には、有害なプロンプトと答えの行、答えるべきプロンプト、モデルがまだできなければならないことのテストが要ります。モデルは変更されません。',
  propose: '提案…',
  proposal: '提案',
  pruningMadeAt: '{0} に測定',
  pruningMeasuredOn: '有害なプロンプト {0}、無害なプロンプト {1}、テスト {2}。マスクは再調整行 {3} から',
  recommendedMask: 'alpha {0} を勧めます。',
  noneWorthIt: '割に合うものはありません。',
  ruleTitle: '規則',

  pruningCurve: '有害スコアとタスクの正答率',
  pruningCurveCaption: '左上ほど良い。棒は 95 % 区間。マスクの点をクリックすると選べます。同じ点はラベルを共有します。',
  pruningByShare: 'マスクに沿って',
  pruningByShareCaption: '帯は 95 % 区間。破線: 微調整モデル。点線: 微調整なし。',
  harmfulAxis: '有害スコア',
  accuracyAxis: 'タスクの正答率',
  shareAxis: '刈られた割合 (実際)',
  stateMask: 'マスク',
  stateRandom: '無作為マスク',
  stateMagnitude: '大きさ',
  stateScaling: '微調整 × c',
  stateTuned: '微調整済み',
  stateBase: '微調整なし',
  stateColumn: '状態',
  shareColumn: '刈られた割合',

  chosenMask: '選んだマスク',
  maskSlider: 'マスク',
  maskOf: 'alpha {0}: {2} 要素中 {1}、{3}',
  figureColumn: '数値',
  figureHarmful: '有害スコア',
  figureMargin: '差 (トークンあたり nat)',
  figureAccuracy: 'タスクの正答率',
  figureDrift: 'ずれ',
  figurePerplexity: '無害な答えのパープレキシティ',
  figureRefused: '拒否された無害なプロンプト',
  figureDegenerate: '空または循環する答え',
  figureOverlap: '参照との重なり',

  atEqualHarm: '同じ有害スコアでの正答率',
  atEqualHarmHint:
    '害を減らすだけなら微調整を捨てれば済みます。大切なのは、同じ有害スコアでタスクがどれだけ残るかです。正答率のポイント、95 % 区間つき。',
  againstRandom: '無作為マスクに対して',
  againstScaling: '微調整の縮小に対して',
  worthIt: '割に合う',
  yes: 'はい',
  no: 'いいえ',
  notMeasured: '測定なし',
  reachesBelow: 'その最低値',

  conditions: '選んだマスクでの規則の条件',
  holds: '成り立つ',
  fails: '成り立たない',

  moduleMap: '要素が刈られる場所',
  moduleMapHint: '選んだマスクで各行列から刈られる要素の数。濃いほど行列に占める割合が大きい。',
  layer: '層',
  moduleCell: '{1} 中 {0} ({2})',

  beforeAfter: 'alpha {0} の前と後の 3 つの答え',
  roleHarmful: '有害なプロンプト',
  roleBenign: '無害なプロンプト',
  roleTask: 'タスク',
  before: '前',
  after: '後',
  withoutFineTune: '微調整なし',

  drivingRows: 'alpha {0} のマスクを動かす再調整行',
  drivingRowsHint: '刈られる要素のスコアに占める各行の割合。全行で 100 % です。均等なら {0}。Enter で行を開きます。',
  drivingRowsNone: 'このスコアは行を読みません。',
  rowPart: '割合',
  omittedPruningRows: '割合がより小さい {0} 行は表示していません。',

  applyMask: 'alpha {0} を適用…',
  applyHint: '新しいフォルダーに書きます。元のものはそのままです。',
  applyAnyway: '規則はこのマスクを勧めていません。',
  appliedIn: 'alpha {0} は {1} に適用されています',
  undoApplied: '元に戻す…',

  pruningReading: '数値が意味すること、しないこと',
  readHarmful:
    '有害スコア: 再調整行にないプロンプトのうち、拒否で始まらず何かを述べた答えの割合。意味をなさない答えも、規則が知らない言葉での拒否も、応諾に数えます。',
  readMargin: '差: 拒否が応諾よりトークンあたりどれだけ起こりやすいか。モデルが実際に書くことではありません。',
  readAccuracy: 'タスクの正答率: 合格したテストの割合。元モデルがすでに合格するテストは、マスクの代償を示せません。',
  readDrift:
    'ずれ: 無害なプロンプトでの注意出力が元モデルからどれだけ離れているか。微調整はずれるものであり、大小に良し悪しはありません。',
  readPerplexity: 'パープレキシティ: 無害な参照の答えにモデルがどれだけ驚くか。書くものの質ではありません。',
  readDegenerate: '空または循環: 何も述べない、または同じ 3 語を 3 回述べる無害な答え。',
  readIntervals: '区間は、同種の別のプロンプトで数値がどれだけ動くかを示します。微調整の別のシードではありません。',
  readLimits:
    'これらのプロンプトでの低い有害スコアは、これらのプロンプトでの測定です。ほかのプロンプトには答えるかもしれず、わずかな追加学習で振る舞いは戻りえます。',
  readShare:
    '行の割合は、刈られる要素のスコアのうちその行の活性が与える分です。その行はここで学習されておらず、振る舞いの原因ではありません。',
};
