using Caisson.Testing;

namespace Caisson.Hardware.Tests;

public sealed class GraphicsPlanTests
{
    /// <summary>What each golden file shows, so that one inventory answers every question policy can ask.</summary>
    private static readonly (string Title, IReadOnlyList<GraphicsPolicy> Policies)[] Questions =
    [
        ("what a PC does at best", GraphicsPolicy.WorkAndPersonal),
        ("both want a GPU", [new("Work", PassthroughWish.Display, Gl: true), new("Personal", PassthroughWish.Display, Gl: true)]),
        ("work computes", [new("Work", PassthroughWish.Compute, Gl: true), GraphicsPolicy.Isolated("Personal")]),
        ("a GPU or nothing of one", [new("Work", PassthroughWish.Display, Gl: false)]),
        ("isolated", [GraphicsPolicy.Isolated("Work"), GraphicsPolicy.Isolated("Personal")]),
    ];

    public static TheoryData<string> Recorded =>
        ["intel-laptop", "amd-apu-laptop", "nvidia-desktop", "nvidia-desktop-card-first", "hybrid-laptop", "one-gpu-desktop", "iommu-off", "vm"];

    [Theory]
    [MemberData(nameof(Recorded))]
    public void The_plan_for_a_recorded_PC_is_the_golden_one(string name)
    {
        var inventory = Inventories.Read(name);
        var sections = Questions.Select(q => string.Concat(GraphicsText.Lines(GraphicsPlan.For(inventory, q.Policies)).Prepend($"== {q.Title}").Select(line => line + "\n")));
        Golden.Check($"{Inventories.Folder}/{name}.plan", string.Join('\n', sections));
    }

    [Fact]
    public void Every_recorded_PC_is_in_the_list() =>
        Assert.Equal(
            Recorded.Select(row => row.Data).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(Path.Combine(Checkout.Root, Inventories.Folder), "*.txt").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));

    [Fact]
    public void A_card_goes_with_all_its_functions_and_without_its_bridge()
    {
        var own = Assert.IsType<GraphicsChoice.Passthrough>(Choice("nvidia-desktop", new("Personal", PassthroughWish.Display, Gl: true)));
        Assert.Equal(["0000:01:00.0", "0000:01:00.1", "0000:01:00.2", "0000:01:00.3"], own.Functions.Select(f => $"{f}"));
        Assert.True(own.HasOutputs);
    }

    [Fact]
    public void A_GPU_without_outputs_goes_only_to_who_computes()
    {
        Assert.IsType<GraphicsChoice.VirtioGl>(Choice("hybrid-laptop", new("Work", PassthroughWish.Display, Gl: true)));
        var own = Assert.IsType<GraphicsChoice.Passthrough>(Choice("hybrid-laptop", new("Work", PassthroughWish.Compute, Gl: true)));
        Assert.False(own.HasOutputs);
    }

    [Fact]
    public void Nobody_draws_with_a_GPU_that_was_given_away()
    {
        // The boot display cannot draw in 3D here; the card could, and is gone.
        var inventory = Inventories.Parse("0000:00:02.0 030000 8086:9bc8 2 - boot_vga", "0000:01:00.0 030000 10de:21c4 1 - renderD129");
        var plan = GraphicsPlan.For(inventory, GraphicsPolicy.WorkAndPersonal);
        Assert.IsType<GraphicsChoice.Framebuffer>(plan[0].Choice);
        Assert.IsType<GraphicsChoice.Passthrough>(plan[1].Choice);
    }

    [Theory]
    [InlineData("0000:00:03.0 0c0330 8086:0001 1 - -", "USB controller 0000:00:03.0")]
    [InlineData("0000:00:01.0 060000 8086:0001 1 - -", "host bridge 0000:00:01.0")]
    [InlineData("0000:01:00.4 010802 8086:0001 1 - -", "disk controller 0000:01:00.4 would go with it")]
    [InlineData("0000:01:00.4 038000 8086:0001 9 - boot_vga", "a part of the GPU that the switcher is on")]
    public void A_GPU_that_cannot_be_kept_apart_stays(string neighbour, string says)
    {
        var inventory = Inventories.Parse("0000:00:02.0 030000 8086:9bc8 2 i915 boot_vga,renderD128", "0000:01:00.0 030000 10de:21c4 1 - -", neighbour);
        var workspace = Assert.Single(GraphicsPlan.For(inventory, [new("Personal", PassthroughWish.Display, Gl: false)]));
        Assert.IsType<GraphicsChoice.Framebuffer>(workspace.Choice);
        Assert.Contains(workspace.Reasons, reason => reason.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public void A_GPU_that_may_be_the_boot_display_stays()
    {
        var known = Inventories.Read("nvidia-desktop");
        var inventory = new PciInventory(known.Devices.Select(d => d.Address.Bus == 1 && d.IsDisplay ? d with { BootVga = null } : d));
        Assert.IsType<GraphicsChoice.VirtioGl>(GraphicsPlan.For(inventory, GraphicsPolicy.WorkAndPersonal)[1].Choice);
    }

    private static GraphicsChoice Choice(string inventory, GraphicsPolicy policy) =>
        Assert.Single(GraphicsPlan.For(Inventories.Read(inventory), [policy])).Choice;
}
