using System.Buffers.Binary;
using System.Text;
using CsCheck;

namespace Caisson.Slots.Tests;

public sealed class UnifiedKernelTests
{
    private const string OsRelease = "ID=caisson\nVERSION_ID=7\nPRETTY_NAME=\"Caisson appliance 7\"\n";
    private static readonly string CommandLine = $"root=/dev/mapper/root roothash={Sample.Hash(7)} ro";

    [Fact]
    public void A_kernel_says_its_version_and_its_root()
    {
        var kernel = UnifiedKernel.Parse(Program((".osrel", OsRelease), (".cmdline", CommandLine), (".linux", "kernel")));
        Assert.Equal((7, Sample.Hash(7)), (kernel.Version, kernel.Root));
        Assert.Empty(kernel.Program.Signatures());
    }

    [Fact]
    public void A_kernel_that_is_not_for_a_disk_or_not_ours_is_refused()
    {
        foreach (var (release, line) in ((string, string)[])[(OsRelease, CommandLine + " caisson.live"), (OsRelease, "ro"), (OsRelease, $"{CommandLine} roothash={Sample.Hash(8)}"), ("ID=debian\nVERSION_ID=7\n", CommandLine), ("ID=caisson\nVERSION_ID=-7\n", CommandLine)])
        {
            Assert.Throws<ReleaseException>(() => UnifiedKernel.Parse(Program((".osrel", release), (".cmdline", line))));
        }

        Assert.Throws<ReleaseException>(() => UnifiedKernel.Parse(Program((".osrel", OsRelease), (".cmdline", CommandLine), (".cmdline", "ro"))));
        Assert.Throws<ReleaseException>(() => UnifiedKernel.Parse(Program((".osrel", OsRelease))));
    }

    [Fact]
    public void The_digest_is_over_every_byte_but_the_checksum_and_where_the_signatures_lie()
    {
        var file = Program((".osrel", OsRelease), (".cmdline", CommandLine));
        var digest = new PortableExecutable(file).Digest();
        var optional = 64 + 24;
        for (var at = 0; at < file.Length; at += 7)
        {
            var changed = file.ToArray();
            changed[at] ^= 1;
            var isLeftOut = (at >= optional + 64 && at < optional + 68) || (at >= optional + 144 && at < optional + 152);
            try
            {
                Assert.Equal(isLeftOut, new PortableExecutable(changed).Digest().AsSpan().SequenceEqual(digest));
            }
            catch (ReleaseException)
            {
                // It is no program any more; that is as good.
            }
        }
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_without_a_fault()
    {
        var sound = Program((".osrel", OsRelease), (".cmdline", CommandLine));
        Gen.Select(Gen.Int[0, 400], Gen.Byte, Gen.Int[0, sound.Length]).Array[1, 8].Sample(changes =>
        {
            var file = sound.ToArray();
            foreach (var (at, value, _) in changes)
            {
                file[at] = value;
            }

            Try(file);
            Try(file[..changes[0].Item3]);
        });

        static void Try(byte[] file)
        {
            try
            {
                var kernel = UnifiedKernel.Parse(file);
                _ = kernel.Program.Digest();
                _ = kernel.Program.Signatures();
            }
            catch (ReleaseException)
            {
                // A sentence, not a fault.
            }
        }
    }

    /// <summary>The smallest PE32+ that has these sections.</summary>
    private static byte[] Program(params (string Name, string Text)[] sections)
    {
        const int pe = 64, optional = pe + 24, optionalBytes = 240, headers = 1024, align = 512;
        var file = new List<byte>(new byte[headers]);
        var head = new byte[headers];
        "MZ"u8.CopyTo(head);
        Put32(60, pe);
        "PE\0\0"u8.CopyTo(head.AsSpan(pe));
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(pe + 6), (short)sections.Length);
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(pe + 20), optionalBytes);
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(optional), 0x20b);
        Put32(optional + 60, headers);
        Put32(optional + 108, 16);
        for (var i = 0; i < sections.Length; i++)
        {
            var (at, text) = (optional + optionalBytes + (i * 40), Encoding.UTF8.GetBytes(sections[i].Text));
            Encoding.ASCII.GetBytes(sections[i].Name).CopyTo(head, at);
            var raw = (text.Length + align - 1) / align * align;
            Put32(at + 8, text.Length);
            Put32(at + 16, raw);
            Put32(at + 20, file.Count);
            file.AddRange(text);
            file.AddRange(new byte[raw - text.Length]);
        }

        head.CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(file));
        return [.. file];

        void Put32(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(at), value);
    }
}
