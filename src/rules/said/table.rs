//! The table: what a check says in English, with `{}` where its values stand, and the same in Chinese, with their places. At
//! `{0!}` stands a sentence that is itself in the table. The first that fits is taken, so what is particular stands first.

/// Sentences in both languages at once whose halves do not stand alone.
pub const BOTH: &[(&str, &str, &str)] = &[
    (
        "{}: {} 数值过大 · is too large to be computed",
        "{0}：{1} 数值过大",
        "{0}: {1} is too large to be computed",
    ),
    ("lin: 数值过大 · the numbers are too large", "lin：数值过大", "lin: the numbers are too large"),
    ("deduct: 数值过大 · the points are too large", "deduct：数值过大", "deduct: the points are too large"),
    (
        "scaled: 数值过大 · the points of the items are too large",
        "scaled：各项分数之和过大",
        "scaled: the points of the items are too large",
    ),
];

/// What begins with a name and quotes what is said of it: before everything else, for what is quoted has a form of its own.
pub const QUOTING: &[(&str, &str)] = &[
    ("with no {}: {}", "没有 {0} 时：{1!}"),
    ("with {}: {}", "取 {0} 时：{1!}"),
    (
        "{}: the compiled script gives another result than the script as it is read",
        "用例「{0}」：编译后的脚本和读入的脚本结果不同",
    ),
    ("{}: expected a bonus of {}, got {}", "用例「{0}」：加分应为 {1}，实得 {2}"),
    ("{}: expected {}, got {} ({})", "用例「{0}」：应为 {1}，实得 {2}（{3!}）"),
    ("{}: no reason contains 「{}」; the reasons are: {}", "用例「{0}」：没有理由包含「{1}」；理由有：{2}"),
];

/// What is said of files: TOML, the catalogue, schemes and cases.
pub const OF_FILES: &[(&str, &str)] = &[
    // Files.
    ("there is no metrics.toml in the rules folder", "规则文件夹里没有 metrics.toml"),
    (
        "the rules folder has no scheme: expected a folder with a scheme.toml",
        "规则文件夹里没有方案：需要有一个放着 scheme.toml 的文件夹",
    ),
    ("there is no file {}", "没有文件 {0}"),
    ("no scheme lists this file, so it is never run", "没有方案列出这个文件，所以从不执行"),
    (
        "its folder has no scheme.toml, so that nothing in it has an effect",
        "它所在的文件夹里没有 scheme.toml，里面的文件都不起作用",
    ),
    ("the compiler could not be run", "编译没能运行"),
    ("the rules could not be checked", "规则没能检查"),
    (
        "checking these rules takes too long, so that it was stopped: make the scripts shorter",
        "检查这些规则用时太长，已停止：请把脚本写短",
    ),
    ("cannot be read: it is a link that leads out of the folder", "读不了：它是链到文件夹外面的链接"),
    ("cannot be read: it has {} bytes, more than the {} allowed", "读不了：有 {0} 字节，最多 {1}"),
    ("cannot be read: there are more than {} files", "读不了：文件多于 {0} 个"),
    ("cannot be read: {}", "读不了：{0}"),
    ("the script has {} bytes, more than the {} allowed", "脚本有 {0} 字节，最多 {1}"),
    ("the text has the character {}, which cannot be kept or shown", "文字里有字符 {0}，不能保存或显示"),
    (
        "an example is a folder of its own with a scheme.toml; this file belongs to none",
        "示例是放着 scheme.toml 的文件夹，这个文件不属于任何示例",
    ),
    ("the folder has a scheme '{}' already", "文件夹里已经有方案「{0}」"),
    ("has some of the example's metrics already, but not '{}'", "已经有示例的一部分指标，但没有「{0}」"),
    ("copy what is missing from {}, then take the example in", "先从 {0} 抄来缺少的，再取用这个示例"),
    (
        "release {} has a change of this file that the folder does not have: releasing the folder would take it back",
        "发布 {0} 里这个文件有一处改动，文件夹里没有：发布文件夹会把它撤回",
    ),
    (
        "write release {} to a folder (showfloor rules export), and make your change there",
        "先把发布 {0} 导出到文件夹（showfloor rules export），再在那里改",
    ),
    // TOML.
    ("{} has more digits than are kept: it would be cut", "{0} 的位数太多，存不下，会被截断"),
    ("write fewer digits, or the number in quotes", "少写几位，或把数字写在引号里"),
    ("unknown field `{}`, expected one of {}", "没有「{0}」这个字段，可以写的有：{1}"),
    ("unknown field `{}`, expected {}", "没有「{0}」这个字段，应为 {1!}"),
    ("unknown field `{}`, there are no fields", "没有「{0}」这个字段"),
    ("missing field `{}`", "缺少字段「{0}」"),
    ("duplicate field `{}`", "字段「{0}」写了两次"),
    ("duplicate key", "同一个键写了两次"),
    ("duplicate key `{}` in {}", "「{0}」在 {1} 里写了两次"),
    ("unknown variant `{}`, expected one of {}", "没有「{0}」这种写法，可以写的有：{1}"),
    ("unknown variant `{}`, expected {}", "没有「{0}」这种写法，应为 {1}"),
    ("wanted string or table", "要写成带引号的文字"),
    ("invalid type: {}, expected {}", "类型不对：写的是{0!}，应为{1!}"),
    ("invalid value: {}, expected {}", "值不对：写的是{0!}，应为{1!}"),
    ("a number with at most 15 digits, or its text in quotes", "数字（最多 15 位，更长的写在引号里）"),
    ("struct Label", "{ zh = \"…\", en = \"…\" } 这样的中英文名"),
    ("string \"{}\"", "文字「{0}」"),
    ("floating point `{}`", "小数 {0}"),
    ("integer `{}`", "整数 {0}"),
    ("boolean `{}`", "真假值 {0}"),
    ("a string", "文字"),
    ("a boolean", "true 或 false"),
    ("a sequence", "列表"),
    ("sequence", "列表"),
    ("a map", "一组键和值"),
    ("map", "一组键和值"),
    (
        "string values must be quoted, expected literal string",
        "值写得不对：数字只写数字，文字要写在英文引号里",
    ),
    ("unexpected key or value, expected newline, `#`", "这个值后面多了东西：一行只写一个值，注释写在 # 后面"),
    ("unclosed array table, expected `]`", "少了一个 ]"),
    ("unclosed table, expected `]`", "少了一个 ]"),
    ("unclosed array, expected `]`", "列表少了一个 ]"),
    ("unclosed inline table, expected `}`", "少了一个 }"),
    ("invalid basic string, expected `\"`", "引号没有闭合"),
    ("invalid literal string, expected `'`", "引号没有闭合"),
    ("key with no value, expected `=`", "键和值之间要写 ="),
    ("invalid unquoted key, expected letters, numbers, `-`, `_`", "键要写英文名"),
    ("floating-point number overflowed", "数字太大"),
    ("integer number overflowed", "数字太大"),
    ("invalid mantissa, expected digits", "小数点前后都要有数字，例如 0.6"),
    ("unexpected leading zero, expected nothing", "数字前面不要多写 0"),
    ("there are {} entries [[{}]], more than the {} allowed", "[[{1}]] 有 {0} 条，最多 {2} 条"),
    (
        "score is a number, \"N/A\" or \"error\", not \"{}\"",
        "score 写数字、\"N/A\" 或 \"error\"，不能写 \"{0}\"",
    ),
    // The catalogue.
    (
        "'{}': a name is lower-case letters, digits and underscores, beginning with a letter",
        "「{0}」：名字用小写英文字母、数字和下划线，以字母开头",
    ),
    ("'{}': the source is listed twice", "「{0}」：这个来源写了两次"),
    ("'{}': is one source too many", "「{0}」：来源太多"),
    ("'{}': is one metric too many", "「{0}」：指标太多"),
    (
        "'{}': every metric has a target of that name already; choose a name without _target",
        "「{0}」：每个指标自带同名的目标，换一个不带 _target 的名字",
    ),
    ("'{}': min is above max", "「{0}」：min 大于 max"),
    (
        "'{}': min and max are at most 1000000000000 either way",
        "「{0}」：min 和 max 的绝对值最多 1000000000000",
    ),
    (
        "'{}': its source is not listed; add a [[source]] with its name, zh and en",
        "「{0}」：它的来源没有列出，请加一个 [[source]]，写明 name、zh、en",
    ),
    ("'{}': at_most names another metric of the catalogue", "「{0}」：at_most 要写目录里的另一个指标"),
    ("'{}': step must be above 0", "「{0}」：step 要大于 0"),
    ("'{}': is listed twice", "「{0}」：写了两次"),
    (
        "'{}': its name means something else in scripts; choose another one",
        "「{0}」：这个名字在脚本里另有意思，换一个",
    ),
    (
        "'{}': has the same Chinese name as '{}', so that the column of a file can be either",
        "「{0}」：中文名和「{1}」一样，导入时分不清表头是哪一个",
    ),
    ("'{}' is not in the catalogue of metrics; did you mean '{}'?", "指标目录里没有「{0}」，是不是「{1}」？"),
    ("'{}' is not in the catalogue of metrics", "指标目录里没有「{0}」"),
    ("'{}' is {}, but has to be at least {}", "「{0}」是 {1}，至少应为 {2}"),
    ("'{}' is {}, but has to be at most {}", "「{0}」是 {1}，最多 {2}"),
    ("'{}' is {}, but has to be a whole number", "「{0}」是 {1}，应为整数"),
    (
        "'{}' is {}, but has to be an amount in yuan with at most two decimals",
        "「{0}」是 {1}，应为元，最多两位小数",
    ),
    (
        "'{}' is {}, but has to be days in halves, for example 26 or 25.5",
        "「{0}」是 {1}，应为半天的倍数，例如 26 或 25.5",
    ),
    ("'{}' is {}, but has to be a score with at most 18 decimals", "「{0}」是 {1}，最多 18 位小数"),
    // The scheme.
    ("the scheme '{}' scores the position '{}' already", "方案「{0}」已经给职位「{1}」计分"),
    ("{} has {}: expected 0 to {} with at most 2 decimals", "{0} 是 {1}：应为 0 到 {2}，最多两位小数"),
    ("all rules together have more than {} points", "所有规则加起来多于 {0} 分"),
    (
        "nobody is ever rated: it takes {} applicable points, but all rules together have {}",
        "谁都评不了级：需要适用分值 {0}，所有规则加起来只有 {1}",
    ),
    ("the rule '{}' is listed twice", "规则「{0}」写了两次"),
    (
        "the {} of the rule '{}' has at most 2 decimals and lies between 0.01 and {} points",
        "规则「{1}」的 {0} 最多两位小数，在 0.01 到 {2} 分之间",
    ),
    (
        "the ceiling of the rule '{}' is more than {} times its max",
        "规则「{0}」的 ceiling 大于 max 的 {1} 倍",
    ),
    ("the ceiling of the rule '{}' is below its max", "规则「{0}」的 ceiling 小于 max"),
    (
        "the name of a parameter is lower-case letters, digits and underscores, beginning with a letter, not '{}'",
        "参数名用小写英文字母、数字和下划线，以字母开头，不能写「{0}」",
    ),
    ("the name of a parameter {}, not '{}'", "参数名不能写「{1}」（{0}）"),
    ("the parameter '{}' has the name of a function", "参数「{0}」和函数同名"),
    ("the parameter '{}' has the name of a metric", "参数「{0}」和指标同名"),
    ("the parameter '{}' is listed twice", "参数「{0}」写了两次"),
    ("the {} of the parameter '{}' is {}, above {}", "参数「{1}」的 {0} 是 {2}，大于 {3}"),
    ("the step of the parameter '{}' has to be above 0", "参数「{0}」的 step 要大于 0"),
    ("the parameter '{}' has its min {} above its max {}", "参数「{0}」的 min {1} 大于 max {2}"),
    ("the parameter '{}' is {}, outside its range {} to {}", "参数「{0}」是 {1}，不在 {2} 到 {3} 之间"),
    ("the grade '{}' is listed twice", "等级「{0}」写了两次"),
    (
        "'{}' is what a review without a grade is called; choose another name",
        "「{0}」是没有评级的叫法，换一个名字",
    ),
    (
        "the {} of the grade '{}' is {}: expected 0 to {} with at most 2 decimals",
        "等级「{1}」的 {0} 是 {2}：应为 0 到 {3}，最多两位小数",
    ),
    ("the grade '{}' is never reached: a total is at most {}", "等级「{0}」永远达不到：总分最多 {1}"),
    ("the grade '{}' begins no lower than the one before it", "等级「{0}」的起点不低于上一级"),
    (
        "the grade '{}' has a higher coefficient than the better one before it",
        "等级「{0}」的系数高于比它好的上一级",
    ),
    (
        "the coefficient of the best grade '{}' is {}, more than {} times the pay: is the point in its place?",
        "最高等级「{0}」的系数是 {1}，超过 {2} 倍：小数点是不是点错了？",
    ),
    (
        "the step {} of the parameter '{}' is larger than its range, so that no form can change it",
        "参数「{1}」的步长 {0} 比它的范围还大，表单里没法改",
    ),
    ("'{}' is blank", "「{0}」是空的"),
    ("'{}' has {} characters, more than the {} allowed", "「{0}」有 {1} 个字，最多 {2} 个"),
    ("the grades are: {}", "等级有：{0}"),
    ("the last grade has to begin at 0", "最后一级要从 0 开始"),
    ("there are no grades", "没有等级"),
    (
        "the veto by '{}' from {} has no effect beside the one from {}: it has to cap lower",
        "「{0}」从 {1} 起的一票否决不起作用：已有从 {2} 起的，它的上限要更低",
    ),
    ("the veto's cap '{}' is not one of the grades", "一票否决的 cap「{0}」不是任何一级"),
    ("the veto has no effect: its cap '{}' is the best grade", "一票否决不起作用：cap「{0}」就是最好的一级"),
    (
        "the veto from {} is never reached: '{}' is at most {}",
        "从 {0} 起的一票否决永远不会发生：「{1}」最多 {2}",
    ),
    (
        "the veto from {} is always reached: '{}' is at least {}",
        "从 {0} 起的一票否决总会发生：「{1}」至少 {2}",
    ),
    ("the veto's metric: {}", "一票否决的指标：{0!}"),
    (
        "'{}' is computed from other reviews for who leads a team; a '{}' never has it",
        "「{0}」由带组的人的其他考评算出，「{1}」永远没有",
    ),
    (
        "a total may become {} here, but the rules of '{}' read totals of at most {} ('{}' in metrics.toml) and would fail",
        "这里的总分可以到 {0}，而「{1}」的规则读到的总分最多 {2}（metrics.toml 里的「{3}」），会算不出来",
    ),
    ("'{}' is said not to be scored, yet a scheme scores it", "「{0}」写明不计分，却有方案给它计分"),
    ("say why '{}' is not scored", "请写明「{0}」为什么不计分"),
    ("the positions are: {}", "职位有：{0}"),
    ("nobody can hold the position '{}'", "没有职位「{0}」"),
    (
        "the rules so far score '{}', and these do not any more: everybody who holds the position would lose the review",
        "以前的规则给「{0}」计分，这一版不计了：任这个职位的人都会没有考评",
    ),
    (
        "bring {} back or correct its position; if it is meant, say so in unscored.toml: {}",
        "把 {0} 找回来，或改对它的 position；确实不再计分，就写进 unscored.toml：{1}",
    ),
    // Cases.
    ("there are {} cases, more than the {} allowed", "有 {0} 个用例，最多 {1} 个"),
    ("there is already a case with this name", "已经有同名的用例"),
    ("there is already a case called {}", "已经有用例 {0}"),
    ("a case cannot be added to this file", "这个文件里加不进用例"),
    ("the rule asks for no parameter '{}'", "规则没有用到参数「{0}」"),
    (
        "the result depends on values that were not reported ({}). A case cannot say that: its facts are either given or missing",
        "结果取决于没有报来的数据（{0}）。用例写不出这种情况：它的数据要么有，要么没有",
    ),
    (
        "{}: the rule does not read '{}', so that it makes no difference",
        "用例「{0}」：规则没有用到「{1}」，写不写都一样",
    ),
];
