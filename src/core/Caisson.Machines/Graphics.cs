using System.Text.Json.Serialization;

namespace Caisson.Machines;

/// <summary>What the machine draws with.</summary>
[JsonDerivedType(typeof(Framebuffer), "framebuffer")]
[JsonDerivedType(typeof(VirtioGl), "virtio-gl")]
[JsonDerivedType(typeof(Passthrough), "passthrough")]
public abstract record Graphics
{
    private Graphics()
    {
    }

    /// <summary>The guest's processors draw into memory; nothing of the host's GPU is seen or reached.</summary>
    public sealed record Framebuffer : Graphics;

    /// <summary>The guest's drawing commands are carried out by the host's GPU, inside QEMU: its driver meets what a guest sends.</summary>
    /// <param name="RenderNode">Of the GPU that draws a stream, for example <c>/dev/dri/renderD128</c>. A window is drawn by its compositor's.</param>
    public sealed record VirtioGl(string RenderNode, GlScreen Screen) : Graphics;

    /// <summary>A GPU of the machine's own, bound to vfio-pci before the start.</summary>
    /// <param name="Addresses">All functions that go with it, for example <c>0000:01:00.0</c>; the first is the GPU.</param>
    /// <param name="HasOutputs">The guest shows its picture by the GPU's own plugs. Without them it has a framebuffer beside it.</param>
    public sealed record Passthrough(IReadOnlyList<string> Addresses, bool HasOutputs) : Graphics
    {
        // A spec is a value, and a list would be compared by its identity.
        public bool Equals(Passthrough? other) => other is not null && HasOutputs == other.HasOutputs && Addresses.SequenceEqual(other.Addresses, StringComparer.Ordinal);

        public override int GetHashCode() => HashCode.Combine(HasOutputs, Addresses.Count);
    }
}

public enum GlScreen
{
    /// <summary>Drawn without a screen, read back and sent like any other picture.</summary>
    Stream,

    /// <summary>A window on the PC's own screen. Nothing is read back, so there is neither stream nor screenshot.</summary>
    Window,
}
