"""Words that pypinyin's dictionary lacks, or reads otherwise than people speak."""

# Mostly a neutral second syllable (tone 5), as in the Xiandai Hanyu Cidian. Tones before any
# sandhi, except where a neutral tone hides the third tone that causes it (想想).
_READINGS = """
爸爸 ba4 ba5|妈妈 ma1 ma5|哥哥 ge1 ge5|姐姐 jie3 jie5|弟弟 di4 di5|妹妹 mei4 mei5|爷爷 ye2 ye5
奶奶 nai3 nai5|叔叔 shu1 shu5|太太 tai4 tai5|宝宝 bao3 bao5|星星 xing1 xing5|谢谢 xie4 xie5
看看 kan4 kan5|试试 shi4 shi5|想想 xiang2 xiang5|听听 ting1 ting5|说说 shuo1 shuo5
聊聊 liao2 liao5|谈谈 tan2 tan5|等等 deng2 deng5|走走 zou2 zou5|朋友 peng2 you5
先生 xian1 sheng5|学生 xue2 sheng5|医生 yi1 sheng5|丈夫 zhang4 fu5|大夫 dai4 fu5|师傅 shi1 fu5
客人 ke4 ren5|主人 zhu3 ren5|女人 nv3 ren5|男人 nan2 ren5|爱人 ai4 ren5|人家 ren2 jia5
亲戚 qin1 qi5|姑娘 gu1 niang5|媳妇 xi2 fu5|东西 dong1 xi5|时候 shi2 hou5|事情 shi4 qing5
名字 ming2 zi5|意思 yi4 si5|地方 di4 fang5|故事 gu4 shi5|消息 xiao1 xi5|生意 sheng1 yi5
关系 guan1 xi5|力气 li4 qi5|脾气 pi2 qi5|眼睛 yan3 jing5|耳朵 er3 duo5|头发 tou2 fa5
嘴巴 zui3 ba5|脑袋 nao3 dai5|衣服 yi1 fu5|衣裳 yi1 shang5|豆腐 dou4 fu5|窗户 chuang1 hu5
月亮 yue4 liang5|云彩 yun2 cai5|葡萄 pu2 tao5|玻璃 bo1 li5|骆驼 luo4 tuo5|狐狸 hu2 li5
蘑菇 mo2 gu5|石榴 shi2 liu5|知道 zhi1 dao5|告诉 gao4 su5|喜欢 xi3 huan5|认识 ren4 shi5
休息 xiu1 xi5|打算 da3 suan5|明白 ming2 bai5|晓得 xiao3 de5|懂得 dong3 de5|商量 shang1 liang5
打听 da3 ting5|收拾 shou1 shi5|招呼 zhao1 hu5|称呼 cheng1 hu5|咳嗽 ke2 sou5|漂亮 piao4 liang5
聪明 cong1 ming5|舒服 shu1 fu5|清楚 qing1 chu5|麻烦 ma2 fan5|客气 ke4 qi5|热闹 re4 nao5
干净 gan1 jing5|结实 jie1 shi5|老实 lao3 shi5|糊涂 hu2 tu5|厉害 li4 hai5|年纪 nian2 ji5
部分 bu4 fen5|本事 ben3 shi5|起来 qi3 lai5|出来 chu1 lai5|进来 jin4 lai5|回来 hui2 lai5
过来 guo4 lai5|下来 xia4 lai5|出去 chu1 qu5|进去 jin4 qu5|回去 hui2 qu5|哪里 na2 li5
这里 zhe4 li5|那里 na4 li5|早上 zao3 shang5|晚上 wan3 shang5|里面 li3 mian5|外面 wai4 mian5
对不起 dui4 bu5 qi3|了不起 liao3 bu5 qi3|来不及 lai2 bu5 ji2|来得及 lai2 de5 ji2
怪不得 guai4 bu5 de5|舍不得 she3 bu5 de5|忍不住 ren3 bu5 zhu4|看不见 kan4 bu5 jian4
看得见 kan4 de5 jian4|分散 fen1 san4|大王 da4 wang2|很脏 hen3 zang1|太脏 tai4 zang1
教我 jiao1 wo3|教你 jiao1 ni3|教他 jiao1 ta1|教她 jiao1 ta1|教书 jiao1 shu1|行长 hang2 zhang3
银行行长 yin2 hang2 hang2 zhang3
"""

# Two third tones within one word: the first becomes a second tone, whatever stands around it.
_THIRD_TONES = """
展览 老虎 老鼠 雨伞 水果 美好 可以 所以 也许 只好 只有 手表 语法 好久 表演 了解
理想 管理 洗手 洗澡 友好 永远 勇敢 想法 小组 小姐 导演 粉笔 古老 广场 海岛 海水
火把 检举 减少 简短 讲解 奖品 解渴 老板 老酒 领土 旅馆 马桶 母语 奶粉 起码 浅水
请柬 软水 首领 首府 水井 舞蹈 选举 选手 演讲 养老 引导 影响 整理 主导 主管 总理
总体 组长 早已 以往 本领 采访 产品 打扫 顶点 短跑 反感 改组 感想 鼓掌 口语 苦恼
冷水 厂长 处理
"""

WORDS: dict[str, tuple[str, ...]] = {
    word: tuple(syllables)
    for word, *syllables in (
        entry.split() for line in _READINGS.split("\n") for entry in line.split("|") if entry
    )
}
"""Word → its syllables with tone digits; no syllables where pypinyin's are right."""
WORDS |= {word: () for word in (*_THIRD_TONES.split(), "星期一", "礼拜一", "周一")}
