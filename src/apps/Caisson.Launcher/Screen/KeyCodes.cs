namespace Caisson.Launcher.Screen;

/// <summary>
/// From a key's number in the kernel (linux/input-event-codes.h) to the one QEMU's extended key event wants: the PC keyboard's own, 0x80 for those
/// with a prefix. Keys travel as places on the keyboard; what is written on them is the guest's affair.
/// </summary>
internal static class KeyCodes
{
    private const int LastSame = 83;

    private static readonly Dictionary<uint, byte> Others = new()
    {
        [85] = 0x76, [86] = 0x56, [87] = 0x57, [88] = 0x58, [89] = 0x73, [90] = 0x78, [91] = 0x77, [92] = 0x79, [93] = 0x70, [94] = 0x7b, [95] = 0x5c,
        [96] = 0x9c, [97] = 0x9d, [98] = 0xb5, [99] = 0x54, [100] = 0xb8, [101] = 0x5b, [102] = 0xc7, [103] = 0xc8, [104] = 0xc9, [105] = 0xcb, [106] = 0xcd,
        [107] = 0xcf, [108] = 0xd0, [109] = 0xd1, [110] = 0xd2, [111] = 0xd3, [113] = 0xa0, [114] = 0xae, [115] = 0xb0, [116] = 0xde, [117] = 0x59, [119] = 0xc6,
        [121] = 0x7e, [122] = 0x72, [123] = 0x71, [124] = 0x7d, [125] = 0xdb, [126] = 0xdc, [127] = 0xdd, [128] = 0xe8, [140] = 0xa1, [142] = 0xdf, [143] = 0xe3,
        [155] = 0xec, [158] = 0xea, [159] = 0xe9, [163] = 0x99, [164] = 0xa2, [165] = 0x90, [166] = 0xa4, [172] = 0xb2,
    };

    /// <summary>Null: a key no PC keyboard has.</summary>
    public static byte? ToPc(uint key) => key is > 0 and <= LastSame ? (byte)key : Others.TryGetValue(key, out var code) ? code : null;
}
