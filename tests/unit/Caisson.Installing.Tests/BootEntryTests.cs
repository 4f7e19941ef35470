using System.Text;
using CsCheck;

namespace Caisson.Installing.Tests;

public sealed class BootEntryTests
{
    private static readonly Guid Partition = new("11223344-5566-7788-99aa-bbccddeeff00");
    private static readonly BootEntry Entry = new("Caisson", 3, 2048, 1048576, Partition, @"\EFI\BOOT\BOOTX64.EFI");

    /// <summary>As the UEFI specification lays it out; efibootmgr writes the same.</summary>
    [Fact]
    public void An_entry_has_the_bytes_of_the_specification() => Assert.Equal(
        "01000000" + "5e00" + Utf16("Caisson")
            + "04012a00" + "03000000" + "0008000000000000" + "0000100000000000" + "4433221166558877" + "99aabbccddeeff00" + "0202"
            + "04043000" + Utf16("\\EFI\\BOOT\\BOOTX64.EFI") + "7fff0400",
        Convert.ToHexStringLower(Entry.Encode()));

    [Fact]
    public void What_is_written_is_read_again() => Assert.Equal(("Caisson", Partition), BootEntry.Read(Entry.Encode()));

    [Fact]
    public void What_is_cut_or_made_up_is_nobodys()
    {
        var whole = Entry.Encode();
        for (var length = 0; length < whole.Length; length++)
        {
            BootEntry.Read(whole.AsSpan(0, length));
        }

        Assert.Equal((null, null), BootEntry.Read([1, 2, 3]));
        Gen.Byte.Array[0, 200].Sample(bytes => BootEntry.Read(bytes));
    }

    [Fact]
    public void The_new_entry_comes_first_and_the_old_ones_stay_behind_it_in_their_order()
    {
        var others = new Dictionary<ushort, byte[]> { [0] = Other("Windows"), [2] = Other("debian") };
        var (number, order) = BootMenu.PutFirst(others, [2, 0], Partition, new HashSet<Guid> { Pcs.Id(1), Partition });
        Assert.Equal(1, number);
        Assert.Equal<ushort>([1, 2, 0], order);
    }

    [Fact]
    public void A_rerun_and_a_Caisson_whose_disk_is_gone_use_the_same_entry_again()
    {
        var entries = new Dictionary<ushort, byte[]> { [0] = Other("Windows"), [7] = Entry.Encode() };
        Assert.Equal(7, BootMenu.PutFirst(entries, [0, 7], Partition, new HashSet<Guid> { Partition }).Number);
        Assert.Equal(7, BootMenu.PutFirst(entries, [0, 7], Pcs.Id(9), new HashSet<Guid> { Pcs.Id(9) }).Number);
        Assert.Equal(1, BootMenu.PutFirst(entries, [0, 7], Pcs.Id(9), new HashSet<Guid> { Pcs.Id(9), Partition }).Number);
    }

    [Fact]
    public void A_number_that_the_order_still_names_is_not_taken() =>
        Assert.Equal(1, BootMenu.PutFirst(new Dictionary<ushort, byte[]>(), [0], Partition, new HashSet<Guid>()).Number);

    private static string Utf16(string text) => Convert.ToHexStringLower(Encoding.Unicode.GetBytes(text + '\0'));

    private static byte[] Other(string name) => new BootEntry(name, 1, 2048, 4096, Pcs.Id(1), @"\EFI\x.efi").Encode();
}
