using CsCheck;

namespace Caisson.Hardware.Tests;

/// <summary>Over any inventory, however odd: few slots and groups, so that things collide.</summary>
public sealed class GraphicsPropertyTests
{
    private static readonly Gen<PciClass?> Class =
        AnyOf<int?>(0x030000, 0x030000, 0x030200, 0x038000, 0x040300, 0x060400, 0x060000, 0x010802, 0x0c0330, null).Select(code => code is { } c ? new PciClass(c) : (PciClass?)null);

    private static readonly Gen<PciDevice> Device =
        from bus in Gen.Byte[0, 2]
        from slot in Gen.Byte[0, 1]
        from function in Gen.Byte[0, 2]
        from kind in Class
        from iommuGroup in AnyOf<int?>(null, 0, 1, 2, 3, 4, 5, 6)
        from bootVga in AnyOf<bool?>(false, false, false, true, null)
        from node in AnyOf<string?>(null, "renderD128", "renderD129")
        select new PciDevice
        {
            Address = new PciAddress(0, bus, slot, function),
            Class = kind,
            IommuGroup = iommuGroup,
            BootVga = kind is { IsDisplay: true } ? bootVga : false,
            RenderNode = kind is { IsDisplay: true } ? node : null,
        };

    private static readonly Gen<PciInventory> Inventory = Device.List[0, 14].Select(devices => new PciInventory(devices));

    private static readonly Gen<List<GraphicsPolicy>> Policies =
        Gen.Select(AnyOf("Work", "Personal", "Lab"), Gen.Enum<PassthroughWish>(), Gen.Bool, (name, wish, gl) => new GraphicsPolicy(name, wish, gl)).List[0, 4];

    /// <summary>Else the rest would hold because nothing ever happens.</summary>
    [Fact]
    public void These_inventories_are_odd_but_not_hopeless()
    {
        var choices = Gen.Select(Inventory, Policies).Array[2000].Single().SelectMany(t => GraphicsPlan.For(t.Item1, t.Item2)).Select(w => w.Choice).ToList();
        Assert.InRange(choices.OfType<GraphicsChoice.Passthrough>().Count(), 20, choices.Count);
        Assert.InRange(choices.OfType<GraphicsChoice.Passthrough>().Count(own => own.Functions.Count > 1), 1, choices.Count);
        Assert.InRange(choices.OfType<GraphicsChoice.VirtioGl>().Count(), 20, choices.Count);
    }

    [Fact]
    public void No_function_is_given_twice() =>
        Check((_, _, plan) =>
        {
            var given = Given(plan).ToList();
            Assert.Equal(given.Distinct().Count(), given.Count);
        });

    [Fact]
    public void The_boot_display_is_never_given_away() =>
        Check((inventory, _, plan) =>
            Assert.DoesNotContain(inventory.Devices, d => d.BootVga is not false && Given(plan).Contains(d.Address)));

    [Fact]
    public void The_host_keeps_a_GPU_wherever_there_is_one_and_one_with_outputs_wherever_there_is_one() =>
        Check((inventory, _, plan) =>
        {
            var kept = inventory.Gpus.Where(gpu => !Given(plan).Contains(gpu.Address)).ToList();
            Assert.Equal(inventory.Gpus.Any(), kept.Count > 0);
            if (inventory.Gpus.All(gpu => gpu.BootVga is false))
            {
                Assert.Equal(inventory.Gpus.Any(gpu => gpu.HasOutputs), kept.Exists(gpu => gpu.HasOutputs));
            }
        });

    [Fact]
    public void What_is_given_is_a_whole_group_but_bridges_in_one_slot_and_was_asked_for() =>
        Check((inventory, policies, plan) =>
        {
            foreach (var (policy, workspace) in policies.Zip(plan))
            {
                if (workspace.Choice is not GraphicsChoice.Passthrough own)
                {
                    continue;
                }

                Assert.NotEqual(PassthroughWish.None, policy.Passthrough);
                Assert.True(own.HasOutputs || policy.Passthrough is PassthroughWish.Compute);
                var devices = own.Functions.Select(f => Assert.Single(inventory.Devices, d => d.Address == f)).ToList();
                Assert.Contains(devices, d => d.IsDisplay);
                Assert.All(devices, d => Assert.True(d.Address.SharesSlotWith(devices[0].Address)));
                var number = Assert.NotNull(devices[0].IommuGroup);
                Assert.Equal(inventory.Group(number).Where(d => d.Class is not { IsPciBridge: true }), devices);
            }
        });

    [Fact]
    public void GL_is_drawn_by_a_GPU_the_host_keeps_and_only_where_policy_allows_it() =>
        Check((inventory, policies, plan) =>
        {
            foreach (var (policy, workspace) in policies.Zip(plan))
            {
                if (workspace.Choice is GraphicsChoice.VirtioGl shared)
                {
                    Assert.True(policy.Gl);
                    Assert.Contains(inventory.Gpus, gpu => gpu.RenderNode == shared.RenderNode && !Given(plan).Contains(gpu.Address));
                }
            }
        });

    [Fact]
    public void The_same_devices_in_any_order_give_the_same_plan_and_every_choice_has_its_reasons() =>
        Gen.Select(Inventory, Policies).Sample((inventory, policies) =>
        {
            var plan = GraphicsPlan.For(inventory, policies);
            Assert.Equal(GraphicsText.Lines(plan), GraphicsText.Lines(GraphicsPlan.For(new PciInventory(inventory.Devices.Reverse()), policies)));
            Assert.Equal(policies.Select(p => p.Workspace), plan.Select(w => w.Workspace));
            Assert.All(plan.SelectMany(w => w.Reasons), reason => Assert.EndsWith(".", reason, StringComparison.Ordinal));
            Assert.All(plan, w => Assert.NotEmpty(w.Reasons));
        });

    private static void Check(Action<PciInventory, List<GraphicsPolicy>, IReadOnlyList<WorkspaceGraphics>> property) =>
        Gen.Select(Inventory, Policies).Sample((inventory, policies) => property(inventory, policies, GraphicsPlan.For(inventory, policies)));

    private static IEnumerable<PciAddress> Given(IReadOnlyList<WorkspaceGraphics> plan) =>
        plan.SelectMany(w => w.Choice is GraphicsChoice.Passthrough own ? own.Functions : []);

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
