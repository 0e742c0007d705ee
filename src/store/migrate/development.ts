/**
 * Migrations from before 0.1.0. One migration, 0000_create_the_tables, makes the same tables since. A database whose
 * ledger holds exactly these hashes is taken over; any other state of that time was never released and is refused.
 */
export const LAST_DEVELOPMENT_COMMIT = 'f0990d5'

/** Of 0000 to 0012. Five of them were one comment, since functions and views are in migrations/repeatable. */
export const developmentHashes: readonly string[] = [
  '41058b9e68336beaffacbc79be3cdbaa809be971259114c80b59e29e89038d2b',
  'bfc1a877f4df94abb90c3c3fca738d294ac8ae6ab9f5a37afb021c2b63a70303',
  '593cbbd402bcd8c0ab563a2efc20a696b0a28c86c924d64c2ced3fccb326d7dd',
  'abace5b1673504a27174b1a6204fca0d5fe7c2137382aa140d9bec109becdb1f',
  'f1568789e6a8686fd8b1c2033e0936babcb9597187c471ad5cfeedc91e1181d8',
  '0664cb0ee81922122e9a87a871e9637770d77aed7c27ee7c3b5549e875b53c96',
  '593cbbd402bcd8c0ab563a2efc20a696b0a28c86c924d64c2ced3fccb326d7dd',
  '593cbbd402bcd8c0ab563a2efc20a696b0a28c86c924d64c2ced3fccb326d7dd',
  '593cbbd402bcd8c0ab563a2efc20a696b0a28c86c924d64c2ced3fccb326d7dd',
  '593cbbd402bcd8c0ab563a2efc20a696b0a28c86c924d64c2ced3fccb326d7dd',
  'c5eca0bd96cadb261d364e04483059909bbe748ba6b2980c973a00ebdcbd92f6',
  'df1bf8f228dcaf69d1c298181214762c2885e7e4a1b598d5c0b48dca47e4263e',
  'f3495095f19917045110d34ab19e65ce05100d51bc1fc9278a1bc33a4912acbb',
]
