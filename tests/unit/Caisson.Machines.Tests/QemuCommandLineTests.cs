using Caisson.Machines;
using Caisson.Testing;

namespace Caisson.Machines.Tests;

public sealed class QemuCommandLineTests
{
    private static readonly Version Debian12 = new(7, 2, 22);
    private static readonly Version Debian13 = new(10, 0, 13);

    public static TheoryData<string> Cases => ["managed", "managed-kvm", "personal", "tiny", "gl-stream", "gl-window", "passthrough", "compute", "resume", "secure-boot", "windows"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_command_line_for_QEMU_7_2_is_the_golden_one(string name) => CheckGolden(name, Debian12, "7.2");

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_command_line_for_QEMU_10_0_is_the_golden_one(string name) => CheckGolden(name, Debian13, "10.0");

    [Fact]
    public void A_comma_in_a_name_or_path_stays_in_its_value()
    {
        var paths = new WorkspacePaths("/state,readonly=on", "/run");
        var command = QemuCommandLine.From(Specs.Managed with { Name = "x,process=y" }, paths, Specs.Capabilities(Debian12, Accelerator.Tcg));
        Assert.Contains(command.Options, option => option.Flag == "-name" && option.Value!.StartsWith("guest=x,,process=y,process=caisson-work,", StringComparison.Ordinal));
        Assert.All(
            command.Options.Where(option => option.Value?.Contains("/state", StringComparison.Ordinal) == true),
            option => Assert.Contains("/state,,readonly=on", option.Value, StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_workspace_on_two_PCs_is_two_machines()
    {
        string?[] OnePc(Guid machine)
        {
            var options = QemuCommandLine.From(Specs.Personal with { MachineId = machine }, Specs.Paths, Specs.Capabilities(Debian12, Accelerator.Tcg)).Options;
            return [options.Single(o => o.Flag == "-uuid").Value, options.Single(o => o.Value?.StartsWith("virtio-net-pci", StringComparison.Ordinal) == true).Value];
        }

        var (here, there) = (Guid.NewGuid(), Guid.NewGuid());
        Assert.Equal(OnePc(here), OnePc(here));
        Assert.All(OnePc(here).Zip(OnePc(there)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    /// <summary>What filled itself leaves nothing behind: not a server, not a socket, not an option more than a raw file somebody copied there.</summary>
    [Theory]
    [InlineData(Accelerator.Tcg)]
    [InlineData(Accelerator.Kvm)]
    public void A_filled_image_has_the_arguments_of_a_plain_raw_file(Accelerator accelerator)
    {
        foreach (var version in (Version[])[Debian12, Debian13])
        {
            List<string> Of(OsBase osBase) =>
                [.. QemuCommandLine.From(Specs.Managed with { OsBase = osBase }, Specs.Paths, Specs.Capabilities(version, accelerator)).Options.Select(o => $"{o}")];

            var streamed = Of(Specs.Managed.OsBase!);
            var filled = Of(new RawBase("/images/work/image.raw"));
            Assert.Equal(
                [
                    "-blockdev driver=file,node-name=os-base-file,filename=/images/work/image.raw,read-only=on",
                    "-blockdev driver=raw,node-name=os-base,file=os-base-file,read-only=on",
                ],
                filled.Except(streamed, StringComparer.Ordinal));
            Assert.Single(streamed.Except(filled, StringComparer.Ordinal), o => o.StartsWith("-blockdev driver=nbd,node-name=os-base,", StringComparison.Ordinal));
            Assert.DoesNotContain(filled, o => o.Contains("nbd", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Only_a_GPU_of_its_own_takes_a_machine_its_stream_and_no_graphics_open_a_port()
    {
        foreach (var graphics in (Graphics[])[Specs.Managed.Graphics, Specs.OfGl.Graphics, Specs.OfCard.Graphics])
        {
            var options = QemuCommandLine.From(Specs.Managed with { Graphics = graphics }, Specs.Paths, Specs.Capabilities(Debian13, Accelerator.Kvm)).Options;
            Assert.Equal(graphics is Graphics.Passthrough ? 0 : 1, options.Count(o => o.Flag == "-vnc"));
            Assert.All(options.Where(o => o.Flag is "-vnc" or "-spice"), o => Assert.StartsWith("vnc=unix:/run/", o.Value, StringComparison.Ordinal));
            Assert.DoesNotContain(options, o => o.Value?.Contains("x-vga", StringComparison.Ordinal) == true);
        }
    }

    [Fact]
    public void No_format_is_ever_probed_and_no_backing_comes_from_a_header()
    {
        foreach (var spec in (WorkspaceSpec[])[Specs.Managed, Specs.Personal, Specs.Tiny])
        {
            var options = QemuCommandLine.From(spec, Specs.Paths, Specs.Capabilities(Debian13, Accelerator.Kvm)).Options;
            Assert.DoesNotContain(options, option => option.Flag is "-drive" or "-hda" or "-cdrom");
            foreach (var option in options.Where(option => option.Flag == "-blockdev"))
            {
                Assert.Matches("^(driver=|{\"driver\":)", option.Value);
                Assert.Equal(option.Value!.Contains("driver=qcow2,", StringComparison.Ordinal), option.Value.Contains("backing=os-base", StringComparison.Ordinal));
                Assert.Equal(option.Value.Contains("\"qcow2\"", StringComparison.Ordinal), option.Value.Contains("\"backing\":null", StringComparison.Ordinal));
            }
        }
    }

    private static void CheckGolden(string name, Version version, string folder)
    {
        var (spec, accelerator) = name switch
        {
            "managed" => (Specs.Managed, Accelerator.Tcg),
            "managed-kvm" => (Specs.Managed, Accelerator.Kvm),
            "personal" => (Specs.Personal, Accelerator.Tcg),
            "resume" => (Specs.Personal, Accelerator.Kvm),
            "secure-boot" => (Specs.Secure, Accelerator.Kvm),
            "windows" => (Specs.Windows, Accelerator.Kvm), // Not exercised on Windows.
            "tiny" => (Specs.Tiny, Accelerator.Tcg),
            "gl-stream" => (Specs.OfGl, Accelerator.Kvm),
            "gl-window" => (Specs.Personal with { Graphics = new Graphics.VirtioGl("/dev/dri/renderD128", GlScreen.Window) }, Accelerator.Kvm),
            "passthrough" => (Specs.OfCard, Accelerator.Kvm),
            "compute" => (Specs.Managed with { Graphics = new Graphics.Passthrough(["0000:01:00.0"], HasOutputs: false) }, Accelerator.Kvm),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
        };
        var command = QemuCommandLine.From(spec, Specs.Paths, Specs.Capabilities(version, accelerator), resumes: name == "resume");
        var text = string.Concat(command.Options.Select(option => option + "\n"));
        Golden.Check($"tests/unit/Caisson.Machines.Tests/golden/{name}.{folder}.args", text);
    }
}
