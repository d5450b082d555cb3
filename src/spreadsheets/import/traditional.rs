//! Traditional characters: some systems write 應出勤, and others 应出勤. Only the words of headers, titles and units are
//! compared so; what people are called stays as it is written.

use std::borrow::Cow;
use std::sync::LazyLock;

/// The traditional characters of the words that are looked for, and some of the words beside them, in their order.
const TRADITIONAL: &str = "佈佔併來係個側備傭傳傷僅價億優兒內兩別則劃動務勵匯區員問啓啟喪單噹嚴國圍圖團執報場奬婦嬰學實審寫專對\
    導屬崗帳帶幣幾庫廠廣廻張彙從復態憑應懲戰戶換擔據敗數於時曆曠會東條業樂樓標樣機檔檢檯欵歲歷歸沒況減測\
    準滿潤為無燈營爲狀獎獲現環產産異當療發盤確碼礎禮稅稱積筆範簽籤糰紀約級細終組結統經綫網線編縣總績繫續\
    纔罰聯聲職臨臺與萬著處號術補裝製複覈見規親覽訂計訓記訪設訴註証評試話誌認語誠誤說説課調請證議護讀貨買\
    貸費貼資賣質賬賸購蹤車載輔輛輪轉迴週進過達違遠遲選還郵鄉釘銀銷錄錯錶鍾鎮鐘鑑鑒長門開間閱閲關隊階際險\
    隻雙離電頁項預頭題額類顧餘館駕駛驗麗點齡";

/// The simplified form of each.
const SIMPLIFIED: &str = "布占并来系个侧备佣传伤仅价亿优儿内两别则划动务励汇区员问启启丧单当严国围图团执报场奖妇婴学实审写专对\
    导属岗帐带币几库厂广回张汇从复态凭应惩战户换担据败数于时历旷会东条业乐楼标样机档检台款岁历归没况减测\
    准满润为无灯营为状奖获现环产产异当疗发盘确码础礼税称积笔范签签团纪约级细终组结统经线网线编县总绩系续\
    才罚联声职临台与万着处号术补装制复核见规亲览订计训记访设诉注证评试话志认语诚误说说课调请证议护读货买\
    贷费贴资卖质账剩购踪车载辅辆轮转回周进过达违远迟选还邮乡钉银销录错表钟镇钟鉴鉴长门开间阅阅关队阶际险\
    只双离电页项预头题额类顾余馆驾驶验丽点龄";

/// Both, by the traditional one.
static PAIRS: LazyLock<Vec<(char, char)>> =
    LazyLock::new(|| TRADITIONAL.chars().zip(SIMPLIFIED.chars()).collect());

/// The simplified form of a character, if it is one of those that are known.
pub(super) fn simplified(c: char) -> char {
    if !('\u{4e00}'..='\u{9fff}').contains(&c) {
        return c;
    }
    let found = PAIRS.binary_search_by_key(&c, |(traditional, _)| *traditional).ok();
    found.and_then(|at| PAIRS.get(at)).map_or(c, |(_, simplified)| *simplified)
}

/// The text in simplified characters.
pub(super) fn in_simplified(text: &str) -> Cow<'_, str> {
    match text.chars().any(|c| simplified(c) != c) {
        true => Cow::Owned(text.chars().map(simplified).collect()),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_headers_are_known_in_both_forms() {
        for (traditional, simple) in [
            ("應出勤天數", "应出勤天数"),
            ("遲到次數", "迟到次数"),
            ("請假", "请假"),
            ("曠工", "旷工"),
            ("交車臺數", "交车台数"),
            ("銷售顧問業績", "销售顾问业绩"),
            ("陪產假", "陪产假"),
            ("喪假", "丧假"),
            ("試乘試駕", "试乘试驾"),
            ("單位：萬元", "单位：万元"),
            ("員工編號", "员工编号"),
            ("工号 A01", "工号 A01"),
        ] {
            assert_eq!(in_simplified(traditional), simple);
        }
    }

    #[test]
    fn every_traditional_character_has_its_simplified_one() {
        assert_eq!(TRADITIONAL.chars().count(), SIMPLIFIED.chars().count());
        assert!(PAIRS.is_sorted());
        assert!(PAIRS.iter().all(|(traditional, simplified)| traditional != simplified));
    }
}
