"""Small files of every format, as their venues write them."""

from domain.instruments import Account

LATEST_US = 1_800_000_000_000_000

KRAKEN_TRADES = """\
"txid","ordertxid","pair","time","type","ordertype","price","cost","fee","vol","margin","misc",\
"ledgers"
"TAAAAA-BBBBB-CCCCC1","OAAAAA-BBBBB-CCCCC1","XXBTZUSD","2021-05-01 12:00:00.1234","buy","limit",\
50000.00000,5000.00000,8.00000,0.10000000,0.00000,"","LA,LB"
"TAAAAA-BBBBB-CCCCC2","OAAAAA-BBBBB-CCCCC2","ADAEUR","2021-05-02 00:00:00","sell","market",\
1.5,15.0,0.04,10.0,0.0,"initiated",""
"""

KRAKEN_LEDGERS = """\
"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"
"","FTQ1","2021-04-01 10:00:00","deposit","","currency","ZUSD",6000.0000,0,""
"LA","FTQ1","2021-04-01 10:00:05","deposit","","currency","ZUSD",6000.0000,0,6000.0000
"LB","TAAAAA","2021-05-01 12:00:00","trade","","currency","ZUSD",-5000.0000,8.0000,992.0000
"LC","TAAAAA","2021-05-01 12:00:00","trade","","currency","XXBT",0.1000000000,0,0.1000000000
"LD","FTW1","2021-06-01 10:00:00","withdrawal","","currency","XXBT",-0.0500000000,0.0002,0.0498
"LE","SRE1","2021-06-02 10:00:00","transfer","spottostaking","currency","DOT",-5,0,0
"LF","STK1","2021-06-03 10:00:00","staking","","currency","DOT.S",0.01,0,5.01
"""

COINBASE = """\

Transactions
User,someone@example.org,5d3f

ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,\
Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
65a1,2024-01-31 12:00:00 UTC,Advanced Trade Buy,BTC,0.5,USD,$42000.00,"$21,000.00","$21,126.00",\
$126.00,Bought 0.5 BTC for 21126 USD on BTC-USD at 42000 USD/BTC
65a2,2024-02-01 12:00:00 UTC,Sell,BTC,-0.3,USD,$43000.00,"-$12,900.00","-$12,890.00",$10.00,\
"Sold 0.3 BTC
for $12,890.00 USD"
65a3,2024-02-02 12:00:00 UTC,Send,BTC,-0.1,USD,$43000.00,-$4300.00,-$4300.00,$0.00,Sent
65a4,2024-02-03 12:00:00 UTC,Deposit,USD,100,USD,$1.00,$100.00,$101.00,$1.00,
65a5,2024-02-04 12:00:00 UTC,Advanced Trade Buy,BTC,0.5,USD,$42000.00,$21000,$21126,$126,\
Bought 0.5 BTC for 21126 USDC on BTC-USDC at 42000 USDC/BTC
65a6,2024-02-05 12:00:00 UTC,Staking Income,ETH,0.1,USD,$2300.00,$230.00,$230.00,$0.00,
"""

BINANCE_TRADES = """\
"Date(UTC)","Pair","Side","Price","Executed","Amount","Fee"
"2021-05-01 12:00:00","1INCHUSDT","BUY","3.5","1,000.51INCH","3,501.75USDT","0.0011INCH"
"2021-05-01 12:00:00","BTCUSDT","SELL","50000","0.1BTC","5000USDT","0.001BNB"
"2021-05-01 12:00:00","BTCUSDT","SELL","50000","0.1BTC","5000USDT","0.001BNB"
"""

BINANCE_DEPOSITS = """\
Date(UTC+2),Coin,Network,Amount,Address,TXID,Status
23-05-01 12:00:00,BTC,BTC,0.5,bc1q,ab12,Completed
23-05-02 12:00:00,BTC,BTC,0.5,bc1q,ab13,Failed
"""

BINANCE_WITHDRAWALS = """\
Date(UTC+0),Coin,Network,Amount,Fee,Address,TXID,Status
2023-05-03 12:00:00,BTC,BTC,0.4995,0.0005,bc1q,ab14,Completed
"""

KUCOIN_ORDERS = """\
UID,Account Type,Order ID,Order Time(UTC+08:00),Symbol,Side,Order Type,Order Price,Order Amount,\
Avg. Filled Price,Filled Amount,Filled Volume,Filled Volume (USDT),Filled Time(UTC+08:00),Fee,\
Fee Currency,Status
7,mainAccount,62aa,2022-01-01 08:00:00,BTC-USDT,BUY,limit,40000,0.3,39999.33,0.3,11999.8,11999.8,\
2022-01-01 08:00:01,11.9,USDT,deal
"""

KUCOIN_FILLS = """\
UID,Account Type,Order ID,Symbol,Side,Order Type,Avg. Filled Price,Filled Amount,Filled Volume,\
Filled Volume (USDT),Filled Time(UTC),Fee,Tax,Maker/Taker,Fee Currency
7,mainAccount,62aa,ETH-USDT,SELL,limit,2000,0.5,1000,1000,2022-01-01 00:00:01,1,,MAKER,USDT
"""

KUCOIN_DEPOSITS = """\
UID,Account Type,Time(UTC+08:00),Coin,Amount,Fee,Hash,Deposit Address,Transfer Network,Status,\
Remarks
7,mainAccount,2022-01-01 08:00:00,USDT,500,0,0xaa,0xbb,TRX,SUCCESS,Deposit
"""

KUCOIN_WITHDRAWALS = """\
UID,Account Type,Time(UTC+08:00),Coin,Amount,Fee,Hash,Withdrawal Address/Account,\
Transfer Network,Status,Remarks
7,mainAccount,2022-01-02 08:00:00,USDT,100,1,0xaa,0xbb,TRX,SUCCESS,Withdrawal
7,mainAccount,2022-01-02 08:00:00,USDT,100,1,0xaa,0xbb,TRX,FAILED,Withdrawal
"""

PLAIN = """\
kind,time,symbol,side,quantity,price,asset,amount,fee,fee_asset,id,order_id
fill,2020-01-01T00:00:00Z,BTC/USD,buy,0.10000000000000000000001,7000,,,-0.01,USD,T1,O1
fill,2020-01-01 01:00:00+01:00,BTC/USD,sell,0.1,7000,,,,,,
deposit,2020-01-01T00:00:00Z,,,,,USD,1000,,,R1,
withdrawal,2020-01-01T00:00:00Z,,,,,BTC,0.1,0.0001,BTC,,
"""

JSON_LINES = """\
{"kind": "fill", "time": "2020-01-01T00:00:00Z", "symbol": "BTC/USD", "side": "buy", \
"quantity": 0.10000000000000000000001, "price": 7000, "fee": "-0.01", \
"fee_asset": "USD", "id": "T1"}
{"kind": "deposit", "time": "2020-01-01T00:00:00Z", "asset": "USD", "amount": "1000", "id": null}
"""

ALL = {
    "Kraken trades": ("kraken", KRAKEN_TRADES),
    "Kraken ledgers": ("kraken", KRAKEN_LEDGERS),
    "Coinbase account report": ("coinbase", COINBASE),
    "Binance trade history": ("binance", BINANCE_TRADES),
    "Binance deposit history": ("binance", BINANCE_DEPOSITS),
    "Binance withdrawal history": ("binance", BINANCE_WITHDRAWALS),
    "KuCoin filled orders": ("kucoin", KUCOIN_ORDERS),
    "KuCoin deposit history": ("kucoin", KUCOIN_DEPOSITS),
    "KuCoin withdrawal history": ("kucoin", KUCOIN_WITHDRAWALS),
    "plain": ("kraken", PLAIN),
}


def account_of(name: str) -> Account:
    return Account(ALL[name][0], "main")
